#!/bin/bash
# Flushes on two processors, with either back end. When flushes are sabotaged, the checker must find the entries that
# stay behind. When they are not, it must find nothing, in programs whose threads map, unmap and fork.
source "$(dirname "$0")/lib.sh"

for mmu in walked softtlb; do
    for what in unmap write-protect fork remap; do
        run --verbose --mmu "$mmu" --scenario "broken.$what" </dev/null
        check "broken.$what passes on $mmu" equal "$status" 0
        check "the log says that it is sabotage" holds "$work/out" 'SABOTAGE \(tlb=broken\)'
        check "the log names the CPU" holds "$work/out" 'tlb check: CPU 1 can still write 0x'
    done
    for program in threads fork_beside_writes wake_op_counter; do
        run --mmu "$mmu" --smp 2 --append tlb_check=1 --init /sbin/init run "/bin/$program" </dev/null
        check "$program with checked flushes on $mmu" equal "$status" 0
    done
done
finish
