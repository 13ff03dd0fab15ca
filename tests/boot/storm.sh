#!/bin/bash
# storm.sh NAME SECONDS [OPTION...]: a program that keeps the processors busy with each other counts exactly, and gives back
# all memory; under the emulator's own threads, so that every run interleaves differently. What is going on when the time
# is over may take as long again, on a computer with fewer processors.
source "$(dirname "$0")/lib.sh"
name=$1 seconds=$2
machine=("${@:3}")

run --timeout $((2 * seconds + 100)) --init /sbin/init balanced "/bin/storm_$name" "${seconds}s" </dev/null
check "storm_$name ${machine[*]}" equal "$status" 0
check "storm_$name says so" holds "$work/out" "^storm_$name: "
check "nothing on standard error" equal "$(cat "$work/err")" ""
cat "$work/out"
finish
