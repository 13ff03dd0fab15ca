#!/bin/bash
# Makes every system call with every argument spoiled. No result may be wrong, no resource may be missing afterwards,
# and two runs must print the same. Instructions are counted, so the time limit of a child is a number of instructions
# and does not depend on the speed of this computer.
source "$(dirname "$0")/lib.sh"

for turn in 1 2; do
    run --icount --init /sbin/init run /bin/every_call </dev/null
    check "every_call" equal "$status" 0
    check "it says that nothing is wrong" holds "$work/out" '^every_call: [0-9]+ calls .*: 0 things wrong'
    cp "$work/out" "$work/said.$turn"
done
check "two counted runs are identical" cmp "$work/said.1" "$work/said.2"

run --icount --init /sbin/init run /bin/every_call 2 </dev/null
check "every_call, two arguments at a time" equal "$status" 0
finish
