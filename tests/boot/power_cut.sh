#!/bin/bash
# What fsync, fdatasync, msync, sync and O_DSYNC have promised is there after a power cut, whenever it comes. The threads of
# tests/boot/programs/power_cut.c write to a disk of which QEMU logs every write and flush; power_cut.py then cuts the power behind
# each of them. tests/long.sh disks: more of it, on more machines.
#
# power_cut.sh [--rounds N] [OPTION...]
source "$(dirname "$0")/lib.sh"

rounds=12
if [[ ${1-} == --rounds ]]; then
    rounds=$2
    machine=("${@:3}")
fi

arm-linux-gnueabihf-gcc -O1 -static -pthread -Wall -Wextra -o "$work/power_cut" tests/boot/programs/power_cut.c || exit 1

# cut WHAT BYTES PAGES EVERY MORE OPTION...: MORE is given to the program.
cut() {
    local what=$1 bytes=$2 pages=$3 every=$4 more=$5
    shift 5
    tests/boot/power_cut.py image "$work/a.img" "$bytes" "$pages"
    # shellcheck disable=SC2086 # no word, if there is no more
    run "$@" --timeout $((120 + rounds * 10)) --disk "$work/a.img" --disk-log "$work/log" --exec "$work/power_cut" "$rounds" "$pages" "$every" $more </dev/null
    check "$what: the program" equal "$status" 0
    check "$what: the promises" tests/boot/power_cut.py check "$work/log" "$work/a.img" "$rounds" "$pages" "$every"
}

cut "the flusher beside it" $((1 << 20)) 16 1 ''
cut "legacy virtio" $((1 << 20)) 16 1 '' --legacy-virtio
cut "reclaim beside it" $((40 << 20)) 1536 16 hog --mem 32
check "memory was reclaimed" holds "$work/out" 'freed [0-9]{4,} pages'
finish
