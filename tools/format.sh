#!/bin/sh
# format.sh [--check]: formats every C and C++ file according to .clang-format. With --check it changes nothing and
# fails if a file is not formatted.
set -eu
cd "$(dirname "$0")/.."

case ${1-} in
--check) set -- --dry-run -Werror ;;
*) set -- -i ;;
esac
find abi arch base explorer interleave kernel mm tests user \( -name '*.[ch]' -o -name '*.[ch]pp' \) -print0 | xargs -0 clang-format-19 "$@"
