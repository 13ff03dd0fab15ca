#!/bin/bash
# Swap: what the calls answer, what goes out and comes back, errors of the disk, and processes that use more than there is memory.
#
# swap.sh [--working-set MIB TOUCHES] [OPTION...]: with the first, only the last, on this machine, with so many MiB, of which each
# process uses a page so often.
source "$(dirname "$0")/lib.sh"

arm-linux-gnueabihf-gcc -O1 -static -Wall -Wextra -o "$work/swap" tests/boot/programs/swap.c || exit 1

# pressure MIB TOUCHES OPTION...: four processes on 32 MiB.
pressure() {
    run --mem 32 --swap $(($1 + 16)) "${@:3}" --exec "$work/swap" pressure 4 "$1" "$2" </dev/null
    check "four processes that use more than memory ${*:3}" equal "$status" 0
    check "some of it was in swap" holds "$work/out" '^[0-9]+ pages scanned, [1-9][0-9]* written to swap, [1-9][0-9]* read$'
}

if [[ ${1-} == --working-set ]]; then
    machine=("${@:4}")
    pressure "$2" "$3" --timeout 3000
    sed "s/^/${machine[*]}: /" "$work/out"
    finish
    exit
fi

# swap_area FILE MIB [LAST_PAGE [BAD_SLOT...]]: an image with a header as mkswap(8) writes it.
swap_area() {
    truncate -s "$2M" "$1"
    python3 -c 'import struct, sys
path, last, bad = sys.argv[1], int(sys.argv[2]), [int(each) for each in sys.argv[3:]]
with open(path, "r+b") as image:
    image.seek(1024)
    image.write(struct.pack("<3I", 1, last, len(bad)))
    image.seek(1536)
    image.write(struct.pack(f"<{len(bad)}I", *bad))
    image.seek(4096 - 10)
    image.write(b"SWAPSPACE2")' "$1" "${3:-$(($2 * 256 - 1))}" "${@:4}"
}

swap_area "$work/a.img" 4
swap_area "$work/b.img" 4 1023 5 6
truncate -s 1M "$work/none.img"
swap_area "$work/short.img" 1 1000
run --disk "$work/a.img" --disk "$work/b.img" --disk "$work/none.img" --disk "$work/short.img" \
    --exec "$work/swap" calls </dev/null
check "the calls" equal "$status" 0

# faulty read|write: the first slot, in sector 8, fails.
faulty() {
    printf '[inject-error]\nevent = "none"\niotype = "%s"\nerrno = "5"\nsector = "8"\nonce = "off"\n' "$1" >"$work/rules"
    swap_area "$work/a.img" 4
    run --disk "$work/a.img" --disk-faults "$work/rules" --exec "$work/swap" broken "$1" </dev/null
}
faulty read
check "a slot that cannot be read" equal "$status" 0
faulty write
check "a slot that cannot be written" equal "$status" 0
check "the log says so" holds "$work/err" 'Write-error on swap-device \(vda:1\)'

processors='1 8'
[[ ${machine[*]} != *softtlb* ]] || processors=2 # each flush of a TLB is a call of the others there
for cpus in $processors; do pressure 48 6000 --smp "$cpus"; done

finish
