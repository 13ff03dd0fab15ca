#!/bin/bash
# A kernel that breaks reports what broke, where and why, and the machine ends with status 71.
source "$(dirname "$0")/lib.sh"

# calls: the functions of the backtraces, in one line for each. Another processor may have told its own first.
calls() { sed -n -e 's/^backtrace:.*//p' -e 's/^  \[<[0-9a-f]*>\] \([^+]*\)+.*/\1 /p' "$work/err" | awk '{ printf "%s", $0 == "" ? "\n" : $0 }'; }

arm-linux-gnueabihf-gcc -O1 -static -o "$work/mirror" tests/boot/programs/mirror.c -lm || exit 1
run --exec "$work/mirror" crash c </dev/null
check "the status of a panic" equal "$status" 71
check "the last line names it" equal "$(tail -n 1 "$work/err")" "qemu-run: status 71: kernel panic"
check "the fault by name" holds "$work/err" 'translation fault: write to 0x00000000 by kernel code'
check "the software entry" holds "$work/err" '^software entry: '
check "the hardware descriptor" holds "$work/err" '^hardware descriptors: '
check "the registers" holds "$work/err" '^r0  [0-9a-f]{8} '
check "a backtrace with names" holds "$work/err" 'write_sysrq_trigger'
calls >"$work/calls"
check "as far as the system call" holds "$work/calls" '^misbehave write_sysrq_trigger proc_write ([^ ]+ )*sys_write ([a-z_]+ )*vector_svc $'
check "the kernel's last line" holds "$work/err" '^faultline: panic: '

run --smp 4 --exec "$work/mirror" crash c </dev/null
check "the status of a panic among four processors" equal "$status" 71
for cpu in 0 1 2 3; do
    check "processor $cpu says what it did" holds "$work/err" "^CPU $cpu: task [0-9]+ "
done
check "each has a backtrace" equal "$(grep -c '^backtrace:' "$work/err")" 4

# Mistakes that only the debug kernel notices, because it checks how locks are used.
for cpus in 1 2; do
    run --debug --smp "$cpus" --exec "$work/mirror" crash o </dev/null
    check "the status of locks in two orders" equal "$status" 71
    check "both orders by name" holds "$work/err" \
        '^faultline: panic: lockdep: locks in two orders: now .*the other lock -> one lock, but before one lock -> the other lock$'
    check "a backtrace" holds "$work/err" 'misbehave'

    run --debug --smp "$cpus" --exec "$work/mirror" crash s </dev/null
    check "the status of a sleep with a lock held" equal "$status" 71
    check "the lock by name" holds "$work/err" '^faultline: panic: lockdep: sleep with a spin lock held: .*one lock$'
done
for cpus in 1 4; do
    run --debug --smp "$cpus" --exec "$work/mirror" crash u </dev/null
    check "the status of undefined behaviour" equal "$status" 71
    check "it says where" holds "$work/err" '^faultline: panic: undefined behaviour at overflow_a_number\+0x[0-9a-f]+$'
    check "a backtrace" holds "$work/err" 'write_sysrq_trigger'

    run --debug --smp "$cpus" --exec "$work/mirror" crash r </dev/null
    check "the status of a stack overflow" equal "$status" 71
    check "it says where, and that the stack is full" holds "$work/err" \
        '^faultline: panic: kernel stack overflow at fill_stack\+0x[0-9a-f]+, with the stack pointer at 0x[0-9a-f]+$'
    check "the task by name" holds "$work/err" '^CPU [0-9]: task [0-9]+ \(mirror\)'
    check "a backtrace of the full stack" test "$(grep -c ' fill_stack+0x' "$work/err")" -ge 20
    check "every processor answers" equal "$(grep -c '^backtrace:' "$work/err")" "$cpus"
done
for how in h i l n o r s u x; do
    run --exec "$work/mirror" crash "$how" </dev/null
    check "the ordinary kernel refuses $how" equal "$status" 1
done
finish
