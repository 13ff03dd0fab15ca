#!/bin/bash
# parallel_cost.sh: four processors disturb each other little when each faults on pages of its own, or makes futex calls
# on words of its own. An operation takes at most 1.3 times the instructions that it takes on a machine with one
# processor; this includes all waiting for each other. It must hold when the operations run undisturbed, and also with a
# timer that stops the processors at any place, every 23 microseconds (user/programs/parallel_cost.cpp). Runs with
# either back end; the script sets the number of processors itself.
source "$(dirname "$0")/lib.sh"

# measure CPUS INTERVAL_US: sets `cost[NAME]` to the instructions of each operation.
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
