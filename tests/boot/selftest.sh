#!/bin/bash
# selftest.sh PRESET: the contract suite inside the kernel that this preset has built, with each back end, on the emulated
# machine: the self-test image ends with 0 if all of it holds.
source "$(dirname "$0")/lib.sh"

for mmu in '' -softtlb; do
    status=0
    timeout 120 qemu-system-arm -M virt -cpu cortex-a15 -m 128 -nodefaults -nic none -display none -monitor none \
        -no-reboot -semihosting-config enable=on,target=native -serial stdio \
        -kernel "build/$1/kernel-selftest$mmu.img" -initrd build/arm/initramfs.cpio -append loglevel=7 \
        </dev/null >"$work/out" 2>"$work/err" || status=$?
    check "the self-test passes" equal "$status" 0
    check "it says how many tests passed" holds "$work/out" '[1-9][0-9]* passed'
    cat "$work/out"
done
finish
