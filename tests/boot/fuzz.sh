#!/bin/bash
# fuzz.sh SEED CALLS [OPTION...]: random system calls (tests/fuzz/calls), so many or a few more. With --icount on one
# processor, the same arguments give the same run (on several, nearly always), and the watching process may not be woken
# later than 50 ms. Without it, time is the host's, and how late it was is only printed.
source "$(dirname "$0")/lib.sh"
seed=$1 calls=$2
machine=("${@:3}")
counted=''
[[ " ${machine[*]} " != *' --icount '* ]] || counted=yes

# Input that never comes: the end of an input reaches the machine at a moment that the host chooses.
mkfifo "$work/silence"
exec 3<>"$work/silence"

fuzz() { # CALLS
    run --timeout $((200 + $1 / 200)) --init /sbin/init run /bin/fuzz "$seed" "$1" "${counted:+5}0" <&3
}

fuzz "$calls"
cat "$work/out"
check "nothing is wrong" equal "$status" 0
check "it says so" holds "$work/out" '^fuzz: 0 things wrong$'
check "no report of the kernel's" equal "$(cat "$work/err")" ""
[[ $failures -eq 0 ]] || echo "Again: tests/boot/fuzz.sh $*, or a failed round: /bin/fuzz $seed $calls 0 ROUND"

if [[ -n $counted ]]; then
    machine+=(--smp 1)
    for turn in 1 2; do
        fuzz 15000
        cp "$work/out" "$work/said.$turn"
    done
    check "two counted runs are identical" cmp "$work/said.1" "$work/said.2"
fi
finish
