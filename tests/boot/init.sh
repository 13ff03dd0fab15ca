#!/bin/bash
# A test program as process 1: its environment, its arguments, and how the machine ends with it.
source "$(dirname "$0")/lib.sh"

mkdir -p "$work/root/opt/a dir"
arm-linux-gnueabihf-gcc -O1 -static -o "$work/root/opt/a dir/mirror" tests/boot/programs/mirror.c -lm || exit 1

run --root "$work/root" --append 'EXTRA=more' --init '/opt/a dir/mirror' surroundings </dev/null
check "status" equal "$status" 0
check "process 1, in /" holds "$work/out" '^pid 1 in /$'
check "environment" holds "$work/out" '^HOME=/ TERM=linux EXTRA=more$'

run --root "$work/root" --init '/opt/a dir/mirror' arguments a 'b c' '' loglevel=3 </dev/null
printf '%s\n' '2: [a]' '3: [b c]' '4: []' '5: [loglevel=3]' >"$work/expected"
check "arguments" cmp "$work/out" "$work/expected"

run --root "$work/root" --init '/opt/a dir/mirror' exit 5 </dev/null
check "its status is the machine's" equal "$status" 5

run --init /sbin/init </dev/null
check "the honest programs pass" equal "$status" 0

for program in fork_rounds threads hostile sysv_ipc; do
    run --init /sbin/init balanced "/bin/$program" </dev/null
    check "$program gives back its memory" equal "$status" 0
done

for fault_around in 0 1; do
    run --append "fault_around=$fault_around" --init /sbin/init run /bin/fault_counts </dev/null
    check "each access faults as often as it should" equal "$status" 0
done

run --root "$work/root" --init '/opt/a dir/mirror' power-off </dev/null
check "a machine that is switched off ends with 0" equal "$status" 0

# Without livelock=halt the kernel only reports the loop. The loop goes on, as on Linux.
run --fault-in gup --timeout 3 --init /sbin/init scenario original-report </dev/null
check "the loop does not end by itself" equal "$status" 72
check "the kernel reported it, once" equal "$(grep -c 'in a loop that cannot end' "$work/err")" 1
finish
