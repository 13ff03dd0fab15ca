#!/bin/bash
# explorer_pictures.sh: makes docs/pictures/explorer*.png, as chromium shows the page. `tools/setup.sh viewers` installs that.
set -euo pipefail
cd "$(dirname "$0")/.."

tools/explorer.sh --build
exec node tests/explorer/pictures.mjs docs/pictures
