#!/bin/bash
# Limits in numbers: the size of the image, the smallest memory, and the instructions up to user mode. Two counted runs
# must be identical.
source "$(dirname "$0")/lib.sh"

check "the kernel image is under 1 MiB" test "$(stat -c %s build/arm/kernel.img)" -lt 1048576

run --mem 32 --init /sbin/init run /bin/hello </dev/null
check "runs in 32 MiB" equal "$status" 0

for turn in 1 2; do
    run --icount --verbose --init /sbin/init run /bin/hello </dev/null
    check "runs with --icount" equal "$status" 0
    cp "$work/err" "$work/log.$turn"
done
check "two counted runs are identical" cmp "$work/log.1" "$work/log.2"

# With --icount an instruction takes a nanosecond of virtual time.
instructions=$(sed -n -E 's/.*boot: ([0-9]+) ns to the first user instruction.*/\1/p' "$work/log.1")
check "the kernel says when it first enters user mode" test -n "$instructions"
check "that is before 20 million instructions" test "${instructions:-99999999}" -lt 20000000
finish
