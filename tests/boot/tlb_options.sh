#!/bin/bash
# tlb_options.sh: the kernel does what `tlb_entries=`, `tlb=` and `ad_bits=` say. The counters in /proc/faultline/tlb show it while
# a program makes some of them change, and others not (user/programs/tlb_counts.cpp). The script also tests what depends
# on `tlb=`: whether a program hangs because of a stale entry.
source "$(dirname "$0")/lib.sh"

machine=(--mmu softtlb --smp 2)

# counted WHAT CPU COLUMN: prints what the last run counted.
counted() { sed -n -E "s/^$1, cpu $2,.* ([0-9]+) $3(,.*)?$/\1/p" "$work/out"; }

# counts WHAT CPU COLUMN LOW HIGH: checks that this is at least LOW and at most HIGH.
counts() { check "$options: $1, cpu $2: from $4 to $5 $3" within "$(counted "$1" "$2" "$3")" "$4" "$5"; }
within() { [[ $1 =~ ^[0-9]+$ && $1 -ge $2 && $1 -le $3 ]] || { echo "  '$1' is not from $2 to $3"; return 1; }; }

# count OPTIONS: runs the program once.
count() {
    options=$1
    run --append "$options" --init /sbin/init run /bin/tlb_counts </dev/null
    check "tlb_counts with $options" equal "$status" 0
    check "the kernel says that it is softtlb" holds "$work/out" '^mmu softtlb$'
}

# The program touches 32 pages, 100 times over. A table of 8 is filled again at each touch, and each fill evicts an
# entry. A table of 64 holds all pages.
count tlb_entries=8
check "8 entries" holds "$work/out" '^entries 8$'
counts touch 0 fills 3200 9999
counts touch 0 evictions 3200 9999
count tlb_entries=64
check "64 entries" holds "$work/out" '^entries 64$'
counts touch 0 fills 0 99
counts touch 0 evictions 0 99

for relaxing in lazy eager; do
    count tlb=$relaxing
    check "the kernel relaxes in the $relaxing way" holds "$work/out" "^relaxing $relaxing$"

    # CPU 0 adds a permission. Lazy: CPU 1 is not told. Its write gets one spurious fault, and its futex call repairs
    # one. Eager: CPU 1 is told, and gets no fault.
    counts relax 0 flushes 1 1
    if [[ $relaxing == lazy ]]; then
        counts relax 1 shootdowns 0 0
        counts write 1 spurious 1 1
        counts futex 1 spurious 1 1
    else
        counts relax 1 shootdowns 1 1
        counts write 1 spurious 0 0
        counts futex 1 spurious 0 0
    fi
    counts write 0 spurious 0 0
    counts futex 0 spurious 0 0

    # CPU 0 takes a permission away. Its own TLB is flushed, and that of CPU 1, unless CPU 1 never ran in that address
    # space.
    for what in protect unmap; do
        counts $what 0 flushes 1 1
        counts $what 0 shootdowns 0 0
        counts $what 1 shootdowns 1 1
    done
    counts 'protect alone' 0 flushes 1 9
    counts 'protect alone' 1 shootdowns 0 0
done

# A scenario that hangs because an entry is stale passes where no entry can be stale.
for scenario in stale.wake_op stale.lock_pi; do
    run --append tlb=lazy --scenario "$scenario" --fault-in gup
    check "$scenario hangs with tlb=lazy" equal "$status" 70
    check "because the entry is stale" holds "$work/out" 'livelock: +cause +stale'
    run --append tlb=eager --scenario "$scenario" --fault-in gup
    check "$scenario passes with tlb=eager" equal "$status" 0
done

# A machine that sets young and dirty: nobody needs a fault, and no CPU is told, whether or not its entry is stale.
count ad_bits=hardware
check "the kernel says who sets the bits" holds "$work/out" '^ad_bits hardware$'
for what in relax write futex; do
    for cpu in 0 1; do
        counts $what $cpu spurious 0 0
        counts $what $cpu flushes 0 0
        counts $what $cpu shootdowns 0 0
    done
done
for what in protect unmap; do
    counts $what 0 flushes 1 1
    counts $what 1 shootdowns 1 1
done
for scenario in stale.wake_op stale.lock_pi; do
    run --append ad_bits=hardware --scenario "$scenario" --fault-in gup
    check "$scenario passes with ad_bits=hardware" equal "$status" 0
done
run --append tlb_check=1 --append ad_bits=hardware --init /sbin/init run /bin/fork_beside_writes </dev/null
check "flushes can be checked there" equal "$status" 0

# Sizes that the table cannot have are refused.
for value in 7 513 x; do
    run --append "tlb_entries=$value" --init /sbin/init run /bin/hello </dev/null
    check "tlb_entries=$value is refused" equal "$status" 64
done

# So is another word, with either back end; and with `walked` a machine that it cannot be.
for value in x ''; do
    run --append "ad_bits=$value" --init /sbin/init run /bin/hello </dev/null
    check "ad_bits=$value is refused" equal "$status" 64
done

# `walked` can relax eagerly, too.
machine=(--mmu walked --smp 2)
run --append tlb=eager --init /sbin/init run /bin/threads </dev/null
check "tlb=eager on walked" equal "$status" 0
run --append ad_bits=software --init /sbin/init run /bin/hello </dev/null
check "ad_bits=software on walked" equal "$status" 0
run --append ad_bits=hardware --init /sbin/init run /bin/hello </dev/null
check "ad_bits=hardware on walked is refused" equal "$status" 64
check "and the message says what it needs" holds "$work/err" 'ad_bits=hardware: expected .*softtlb'
finish
