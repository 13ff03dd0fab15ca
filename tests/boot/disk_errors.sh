#!/bin/bash
# Disks that fail: who needs what cannot be read or written gets SIGBUS or EIO, and everything else is as if nothing had failed:
# other data byte for byte, other processes, the kernel. QEMU's blkdebug makes the errors.
source "$(dirname "$0")/lib.sh"

arm-linux-gnueabihf-gcc -O1 -static -pthread -Wall -Wextra -o "$work/disk_errors" tests/boot/programs/disk_errors.c || exit 1
image "$work/fresh.img" $((1 << 20))

# rule IOTYPE ONCE [SECTOR [ERRNO]]: every request of this kind fails, or the first; one that has the sector, or any. Number 28 is
# ENOSPC. What the number is the guest cannot see.
rule() {
    printf '[inject-error]\nevent = "none"\niotype = "%s"\nonce = "%s"\nerrno = "%s"\n' "$1" "$2" "${4-5}"
    [[ -z ${3-} ]] || printf 'sector = "%s"\n' "$3"
}

# every_nth N EVENT IOTYPE: every nth request fails. blkdebug counts events by its state. A rule with the error 0 takes the place
# of the one before it.
every_nth() {
    local state
    for ((state = 1; state <= $1; ++state)); do
        printf '[set-state]\nevent = "%s"\nstate = "%s"\nnew_state = "%s"\n' "$2" "$state" $((state % $1 + 1))
        printf '[inject-error]\nevent = "%s"\nstate = "%s"\niotype = "%s"\nerrno = "%s"\n' "$2" "$state" "$3" \
            $((state == $1 ? 5 : 0))
    done
}

# fails RULES TEST OPTION...: the test of the program passes on a disk with these rules, and nothing hangs.
fails() {
    local rules=$1 name=$2
    shift 2
    printf '%s\n' "$rules" >"$work/rules"
    run --timeout 60 "$@" --disk "$work/a.img" --disk-faults "$work/rules" --exec "$work/disk_errors" "$name" </dev/null
    check "$name $*" equal "$status" 0
}
fresh() { cp "$work/fresh.img" "$work/a.img"; }
untouched() { check "$1 changed nothing" cmp "$work/a.img" "$work/fresh.img"; }

# Sector 42 is in page 5.
for transport in '' --legacy-virtio; do
    fresh
    fails "$(rule read off 42)" read-error $transport
    check "what was written there is there $transport" has "$work/a.img" $((5 * 4096)) wwwwwwww
    check "the log names the sector $transport" holds "$work/err" 'I/O error, dev vda, sector [0-9]+ op READ'
    fresh
    fails "$(rule write off 42)" write-error $transport
    check "the others are $transport" has "$work/a.img" $((6 * 4096)) z
    check "all of them $transport" has "$work/a.img" $((7 * 4096)) v
    check "what failed is as it was $transport" cmp -n 4096 -i $((5 * 4096)) "$work/a.img" "$work/fresh.img"
done

fresh
fails "$(rule read off 42)" kernel-needs
untouched kernel-needs
fails "$(rule read off 42)" readers
untouched readers
fails "$(rule read off)" dead
untouched dead
# Ten lines in five seconds, so that twenty-one take as long. What is missing is told with the next one.
few() { awk -F '[][]' '/I\/O error, dev/ { at[++n] = $2; if (n > 20 && $2 - at[n - 20] < 5) exit 1 }' "$1"; }
check "the log is not flooded" few "$work/err"
fails "$(every_nth 3 read_aio read)" nth-read
untouched nth-read
fails "$(rule read off 42)" futex --icount # the other thread waits before 10 ms are over
check "the futex's page is there" cmp -n 4096 -i $((5 * 4096)):0 "$work/a.img" <(printf '\7'; head -c 4095 /dev/zero)

fresh
fails "$(rule write off 42)" found-by-others
check "what each way has written" has "$work/a.img" $((6 * 4096)) dddd
check "a page behind it" has "$work/a.img" $((8 * 4096)) dddd
check "what failed is as it was" cmp -n 4096 -i $((5 * 4096)) "$work/a.img" "$work/fresh.img"
check "and so is the rest" cmp -i $((9 * 4096)) "$work/a.img" "$work/fresh.img"

fresh
fails "$(every_nth 13 write_aio write)" nth-write # of fewer, one would be between any two calls of fsync
python3 -c 'import sys; sys.stdout.write("".join(4096 * "ABCD"[page % 4] for page in range(256)))' >"$work/expected"
check "what was promised is there" cmp "$work/a.img" "$work/expected"

truncate -s 40M "$work/a.img"
cp "$work/a.img" "$work/before"
fails "$(rule write off '' 28)" full --mem 32
check "a full disk is as it was" cmp "$work/a.img" "$work/before"

for once in '' -once; do
    fresh
    fails "$(rule flush "$([[ -z $once ]] && echo off || echo on)")" "flush-error$once"
    check "what was written is there" has "$work/a.img" $((5 * 4096)) x
done
finish
