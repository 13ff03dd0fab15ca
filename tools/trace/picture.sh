#!/bin/bash
# picture.sh: makes docs/pictures/hang.png: the page of the hang of 2011, as chromium shows it. `tools/setup.sh viewers` installs that.
set -euo pipefail
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
./qemu-run.sh --icount --scenario original-report --fault-in gup --trace "$work/hang.html" >/dev/null || [[ $? -eq 70 ]]
HOME=$work chromium --headless=new --no-sandbox --disable-gpu --hide-scrollbars --window-size=1200,1040 \
    --screenshot="$PWD/docs/pictures/hang.png" "file://$work/hang.html"
