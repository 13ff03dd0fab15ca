#!/bin/bash
# storm.sh NAME SECONDS [OPTION...]: a program that makes the processors work against each other. Its counts must be
# exact, and it must give back all memory. The emulator runs each processor in a thread, so every run interleaves
# differently. On a computer with fewer processors, the work that has begun when the time is over may take as long
# again.
source "$(dirname "$0")/lib.sh"
name=$1 seconds=$2
machine=("${@:3}")

run --timeout $((2 * seconds + 100)) --init /sbin/init balanced "/bin/storm_$name" "${seconds}s" </dev/null
check "storm_$name ${machine[*]}" equal "$status" 0
check "storm_$name says so" holds "$work/out" "^storm_$name: "
check "nothing on standard error" equal "$(cat "$work/err")" ""
cat "$work/out"
finish
