#!/bin/bash
# page.sh [--all] [WORD]: builds the page around the modules of the engine, and drives it in Debian's chromium.
set -euo pipefail
cd "$(dirname "$0")/../.."

# What tools/explorer.sh does not understand is told in one line, with status 64.
for words in "--nonsense" "--port" "--port x" "--port 70000" "page more"; do
    status=0
    # shellcheck disable=SC2086 # words
    said=$(tools/explorer.sh $words 2>&1) || status=$?
    [[ $status -eq 64 && $said == "explorer: "* && $(wc -l <<<"$said") -eq 1 ]] || {
        echo "tools/explorer.sh $words: status $status: $said"
        exit 1
    }
done

status=0
tools/explorer.sh page || status=$?
if [[ $status -eq 69 ]]; then
    echo "skipped: npm's packages could not be installed"
    exit 77
elif [[ $status -ne 0 ]]; then
    exit "$status"
fi
exec node tests/explorer/page.mjs "$@"
