#!/bin/bash
# interrupted.sh: calls that a stop interrupts go on as Linux lets them, and sleeps and timers on CPU time follow the clock
# that they name (tests/boot/programs/interrupted.c).
source "$(dirname "$0")/lib.sh"

arm-linux-gnueabihf-gcc -O1 -static -pthread -o "$work/interrupted" tests/boot/programs/interrupted.c || exit 1
run --icount --timeout 250 --exec "$work/interrupted" </dev/null
check "interrupted" equal "$status" 0
check "and nothing is said" equal "$(cat "$work/out" "$work/err")" ""
finish
