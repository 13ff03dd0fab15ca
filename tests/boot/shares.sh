#!/bin/bash
# shares.sh: nice values weigh, real-time tasks are throttled, and nobody's own signals are kept from it
# (tests/boot/programs/shares.c). On one processor: on several there is no one to share with.
source "$(dirname "$0")/lib.sh"

mkdir "$work/root"
arm-linux-gnueabihf-gcc -O1 -static -pthread -o "$work/root/shares" tests/boot/programs/shares.c || exit 1
for what in nice real-time profile one; do
    run --icount --smp 1 --timeout 250 --root "$work/root" --init /shares "$what" </dev/null
    check "$what" equal "$status" 0
done
finish
