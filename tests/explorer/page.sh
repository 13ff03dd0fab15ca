#!/bin/sh
# page.sh [--all] [WORD]: builds the page around the modules of the engine, and drives it in Debian's chromium.
set -eu
cd "$(dirname "$0")/../.."

tools/explorer.sh page
exec node tests/explorer/page.mjs "$@"
