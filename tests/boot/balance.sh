#!/bin/bash
# balance.sh: threads that compute get equal shares of several processors, and no thread runs on a processor that it may
# not use.
source "$(dirname "$0")/lib.sh"

for mmu in walked softtlb; do
    run --mmu "$mmu" --smp 2 --icount --init /sbin/init balanced /bin/fair_shares </dev/null
    check "equal shares on $mmu" equal "$status" 0
    check "in each of its parts on $mmu" holds "$work/out" 'behind a real-time thread: thread 2'

    run --mmu "$mmu" --smp 2 --icount --init /sbin/init balanced /bin/sent_away </dev/null
    check "sent to a processor, counted in instructions, on $mmu" equal "$status" 0
    run --mmu "$mmu" --smp 4 --init /sbin/init balanced /bin/sent_away </dev/null
    check "sent to a processor on $mmu" equal "$status" 0
done
finish
