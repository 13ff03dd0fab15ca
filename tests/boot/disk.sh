#!/bin/bash
# Disks: what the calls on /dev/vda do, modern and legacy, and what is in the images afterwards; stores of eight threads with
# the flusher beside them; disks larger than memory. Disks that fail: disk_errors.sh; the power: power_cut.sh.
source "$(dirname "$0")/lib.sh"

arm-linux-gnueabihf-gcc -O1 -static -pthread -Wall -Wextra -o "$work/disk" tests/boot/programs/disk.c || exit 1

image "$work/fresh.img" $((1 << 20))
image "$work/fresh.odd.img" 5120
image "$work/locked.img" 4096
chmod a-w "$work/locked.img"
cp "$work/locked.img" "$work/locked.before"

for transport in '' --legacy-virtio; do
    cp "$work/fresh.img" "$work/a.img"
    cp "$work/fresh.odd.img" "$work/odd.img"
    run $transport --disk "$work/a.img" --disk "$work/odd.img" --disk "$work/locked.img" \
        --exec "$work/disk" calls </dev/null
    check "the calls $transport" equal "$status" 0
    check "a write in the middle of a page $transport" has "$work/a.img" $((3 * 4096 + 5)) xxxxxxxxxx
    check "several pages $transport" equal "$(dd if="$work/a.img" bs=4096 skip=16 count=64 status=none | tr -d x | wc -c)" 0
    check "a write through a mapping $transport" has "$work/a.img" 4096 qmmmmmmwmm
    check "a private mapping stays apart $transport" cmp -n 4096 -i 8192 "$work/a.img" "$work/fresh.img"
    check "the end of the disk $transport" has "$work/a.img" $(((1 << 20) - 50)) "$(printf 'x%.0s' {1..50})"
    check "the disk has not grown $transport" equal "$(stat -c %s "$work/a.img")" $((1 << 20))
    check "a disk that ends in a page $transport" equal "$(tr -d b <"$work/odd.img" | wc -c)" 0
    check "a disk that cannot be written $transport" cmp "$work/locked.img" "$work/locked.before"
done

# as_printed FILE LINES: each line is an offset in the image and the word that is there.
as_printed() {
    python3 -c 'import struct, sys
image = open(sys.argv[1], "rb").read()
lines = [[int(word) for word in line.split()] for line in open(sys.argv[2])]
wrong = [(at, value, struct.unpack_from("<I", image, at)[0]) for at, value in lines]
wrong = [each for each in wrong if each[1] != each[2]]
print(*wrong[:5]) if wrong else None
sys.exit(len(lines) != 48 * 8 or bool(wrong))' "$1" "$2"
}
for how in fsync msync flusher; do
    for counted in --icount ''; do
        cp "$work/fresh.img" "$work/a.img"
        run $counted --disk "$work/a.img" --exec "$work/disk" stores 500 $how </dev/null
        check "stores beside the flusher, then $how $counted" equal "$status" 0
        check "the image has the last values, $how $counted" as_printed "$work/a.img" "$work/out"
    done
done

cp "$work/fresh.img" "$work/a.img"
run --smp 8 --disk "$work/a.img" --exec "$work/disk" crowd </dev/null
check "more requests than the queue has room for" equal "$status" 0

run --disk "$work/a.img" --disk-speed 32 --exec "$work/disk" slow </dev/null
check "what writes a file waits for what the flusher has begun" equal "$status" 0

truncate -s 48M "$work/large.img"
run --mem 32 --disk "$work/large.img" --exec "$work/disk" large </dev/null
check "a disk larger than memory" equal "$status" 0
processors='1 8'
[[ ${machine[*]} != *softtlb* ]] || processors=2 # each flush of a TLB is a call of the others there
for cpus in $processors; do
    run --mem 32 --smp "$cpus" --disk "$work/large.img" --exec "$work/disk" pressure </dev/null
    check "processes that use more than memory on $cpus processors" equal "$status" 0
done
finish
