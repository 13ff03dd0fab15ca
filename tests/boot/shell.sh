#!/bin/bash
# --shell: somebody types at busybox's shell. Needs Debian's busybox, which --shell fetches; without it nothing is tested.
source "$(dirname "$0")/lib.sh"

if [[ ! -d build/packages/busybox-static ]]; then
    echo "skipped: build/packages/busybox-static is not there (./qemu-run.sh --shell fetches it)"
    exit 0
fi

status=0
python3 tests/boot/terminal.py >"$work/out" 2>"$work/err" || status=$?
check "typing at the shell" equal "$status" 0

status=0
printf 'echo sum $((6 * 7))\nfalse\n' | ./qemu-run.sh --shell --timeout 60 >"$work/out" 2>"$work/err" || status=$?
check "commands from a pipe: status" equal "$status" 0
check "commands from a pipe: output" holds "$work/out" $'^sum 42\r?$'
finish
