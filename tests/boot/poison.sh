#!/bin/bash
# Memory that loses its data: who gets a signal, who an error, and who nothing at all (tests/boot/programs/poison.c, docs/poison.md).
source "$(dirname "$0")/lib.sh"

arm-linux-gnueabihf-gcc -O1 -static -Wall -Wextra -o "$work/poison" tests/boot/programs/poison.c || exit 1

image "$work/disk.img" 65536
run --disk "$work/disk.img" --exec "$work/poison" all </dev/null
check "pages of every kind" equal "$status" 0

# The repair of 2011 tells the program of the poison. All others say EFAULT, as Linux does today.
for repair in gup gup_dirty fixup_2011 fixup trap; do
    error=EFAULT
    [[ $repair != fixup_2011 ]] || error=EHWPOISON
    run --fault-in "$repair" --exec "$work/poison" futex "$error" </dev/null
    check "a futex on a lost page with fault_in=$repair: $error" equal "$status" 0
done

finish
