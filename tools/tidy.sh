#!/bin/sh
# tidy.sh BUILD_DIRECTORY: clang-tidy, with the checks of .clang-tidy, over the portable sources as that host build
# compiles them (its compile_commands.json). `-std=c++2b` is clang 14's name for the standard.
set -eu
build=$1
cd "$(dirname "$0")/.."

log=$build/tidy.log
if ! sed -n 's/^ *"file": "\(.*\)",*$/\1/p' "$build/compile_commands.json" | grep -v -E '/tests/|cmake_pch' | tr '\n' '\0' |
    xargs -0 -n 4 -P "$(nproc)" clang-tidy --quiet -p "$build" --extra-arg=-std=c++2b >"$log" 2>&1; then
    grep -v -E '^[0-9]+ warnings? (generated|treated)' "$log"
    exit 1
fi
