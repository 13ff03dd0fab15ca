#!/bin/bash
# What reclaim costs, in instructions a page: printed, and checked to grow with the pages that are looked at and not with memory. One
# processor, so that no other one has to be called.
source "$(dirname "$0")/lib.sh"

arm-linux-gnueabihf-gcc -O1 -static -Wall -Wextra -o "$work/cost" tests/boot/programs/reclaim_cost.c || exit 1

# cost MIB: runs it on a machine with so much memory; `table` has a line for each number of pages.
cost() {
    run --icount --smp 1 --mem "$1" --swap 32 --new-disk 16 --exec "$work/cost" </dev/null
    check "the program, with $1 MiB" equal "$status" 0
    sed "s/^/$1 MiB, /" "$work/out"
    table+=$(cat "$work/out")$'\n'
}

# no_dearer WHAT: more pages, or more memory, make a page a tenth dearer at most.
no_dearer() {
    awk -v what="$1" 'NF { for (i = 1; i < NF; i++) if ($i == what) cost = $(i + 1)
        if (NR == 1) first = cost
        if (cost > first * 1.1) dearer = 1 }
        END { exit !(first > 0 && !dearer) }' <<<"$table"
}

table=
cost 64
cost 512
for what in age swap-out swap-in clean first-write; do check "$what" no_dearer "$what"; done
finish
