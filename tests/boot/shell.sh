#!/bin/bash
# --shell: the test types at busybox's shell. Needs Debian's busybox.
source "$(dirname "$0")/lib.sh"

[[ -d build/packages/busybox-static ]] || skip busybox

status=0
python3 tests/boot/terminal.py "${machine[@]}" >"$work/out" 2>"$work/err" || status=$?
check "typing at the shell" equal "$status" 0

run --shell --timeout 60 < <(printf 'echo sum $((6 * 7))\nfalse\n')
check "commands from a pipe: status" equal "$status" 0
check "commands from a pipe: output" holds "$work/out" $'^sum 42\r?$'
finish
