#!/bin/bash
# Every operation of tests/boot/fail_nth, while the first, the second, the third, … of its allocations fails; and the boot
# arguments by which those of all tasks fail (docs/debug-kernel.md).
source "$(dirname "$0")/lib.sh"
machine+=(--debug)

run --timeout 200 --init /sbin/init run /bin/fail_nth </dev/null
cat "$work/out"
check "an error or an orderly end each time, and nothing is missing" equal "$status" 0
check "it says so" holds "$work/out" '^fail_nth: [0-9]+ scenarios, 0 things wrong$'
check "no report of the kernel's" equal "$(cat "$work/err")" ""

for argument in failslab fail_page_alloc; do
    run --append "$argument=3,100,0,-1" --init /sbin/init run /bin/hello </dev/null
    check "$argument: every third allocation fails, so there is no fork" holds "$work/err" '^init: fork: ENOMEM'
    check "$argument: the kernel goes on" lacks "$work/err" 'panic|BUG'
    run --append "$argument=1,100,0,0" --init /sbin/init run /bin/hello </dev/null
    check "$argument: none fails" equal "$status" 0
    run --append "$argument=0,100,0,1" --init /sbin/init run /bin/hello </dev/null
    check "$argument: a bad value is refused" equal "$status" 64
done
finish
