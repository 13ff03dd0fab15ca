#!/bin/bash
# docs/system-calls.md against the running kernel: each call that it lists as there, or partly there, is served, and each
# other number of Linux's list answers ENOSYS.
source "$(dirname "$0")/lib.sh"

arm-linux-gnueabihf-gcc -O1 -static -o "$work/documented_calls" tests/boot/programs/documented_calls.c || exit 1
arm-linux-gnueabihf-gcc -dM -E -include asm/unistd.h -x c /dev/null >"$work/unistd.h"
tools/check_syscall_doc.py --numbers "$work/unistd.h" >"$work/calls"

run --exec "$work/documented_calls" <"$work/calls"
check "each call answers as the document says" equal "$status" 0
check "all of them were asked" holds "$work/out" "^$(wc -l <"$work/calls") calls, 0 wrong$"

# The program notices a call that answers otherwise than it is told.
printf '%s\n' '20 missing getpid' '1000 there nothing' >"$work/wrong"
run --exec "$work/documented_calls" <"$work/wrong"
check "a wrong line is found" equal "$status" 1
check "and each of them" holds "$work/out" '^2 calls, 2 wrong$'

finish
