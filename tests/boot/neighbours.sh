#!/bin/bash
# neighbours.sh: no long system call of another process keeps a sleeper waiting, or outlives SIGKILL
# (tests/boot/programs/neighbours.c).
source "$(dirname "$0")/lib.sh"

arm-linux-gnueabihf-gcc -O1 -static -pthread -o "$work/neighbours" tests/boot/programs/neighbours.c || exit 1
run --icount --timeout 200 --exec "$work/neighbours" </dev/null
check "beside each neighbour" equal "$status" 0
check "the last one was there" holds "$work/out" '^neighbours: beside computes: '
finish
