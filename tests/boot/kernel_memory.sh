#!/bin/bash
# kernel_memory.sh: what one user may have of the kernel: each limit, the error, and when it comes; that users do not count for
# one another; and that all memory comes back (tests/boot/programs/kernel_memory.c, docs/memory.md).
source "$(dirname "$0")/lib.sh"

mkdir "$work/root"
arm-linux-gnueabihf-gcc -O1 -static -o "$work/root/kernel_memory" tests/boot/programs/kernel_memory.c || exit 1
run --mem 32 --root "$work/root" --init /kernel_memory </dev/null
check "kernel_memory" equal "$status" 0
check "all cases" holds "$work/out" '^kernel_memory: passed'
finish
