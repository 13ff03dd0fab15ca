#!/bin/bash
# storms.sh: programs that keep four processors busy with each other count exactly, and give back all memory; on both
# back ends, under the emulator's own threads, so that every run interleaves differently.
source "$(dirname "$0")/lib.sh"

# storm NAME ROUNDS: so many rounds of user/programs/storm_NAME on each back end.
storm() {
    local mmu
    for mmu in walked softtlb; do
        run --mmu "$mmu" --smp 4 --timeout 100 --init /sbin/init balanced "/bin/storm_$1" "$2" </dev/null
        check "storm_$1 on $mmu" equal "$status" 0
        check "storm_$1 says so on $mmu" holds "$work/out" "^storm_$1: "
    done
}

storm migrate 40
storm fork 4
storm signals 60
storm futex 100
storm map 20
finish
