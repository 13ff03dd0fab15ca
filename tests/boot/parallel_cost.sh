#!/bin/bash
# parallel_cost.sh: four processors that fault on pages of their own, or make futex calls on words of their own, disturb
# each other little: an operation takes at most 1.3 times the instructions of the only processor of a machine, all that
# waiting for each other takes included. Both with operations that run undisturbed and with a timer that stops processors
# anywhere, every 23 microseconds (user/programs/parallel_cost.cpp). On either back end; how many processors there are, it
# says itself.
source "$(dirname "$0")/lib.sh"

# measure CPUS INTERVAL_US: sets `cost[NAME]`, instructions of each operation.
declare -A cost=()
measure() {
    local name instructions
    run --icount --smp "$1" --init /sbin/init run /bin/parallel_cost "$1" "$2" </dev/null
    check "parallel_cost on $1 processors" equal "$status" 0
    cost=()
    while read -r name instructions; do
        cost[$name]=$instructions
    done < <(sed -n -E 's/^([a-z_]+): ([0-9]+) instructions each on .*/\1 \2/p' "$work/out")
    check "it tells what four operations cost" equal "${#cost[@]}" 4
}

for interval in 0 23; do
    measure 1 "$interval"
    declare -A alone=()
    for name in "${!cost[@]}"; do alone[$name]=${cost[$name]}; done
    measure 4 "$interval"
    for name in "${!alone[@]}"; do
        check "$name: ${cost[$name]:-no} instructions on four processors, ${alone[$name]} on one, timer $interval" \
            test "$((${cost[$name]:-999999} * 10))" -le "$((${alone[$name]} * 13))"
    done
done
finish
