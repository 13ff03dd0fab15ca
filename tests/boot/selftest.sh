#!/bin/bash
# selftest.sh PRESET: runs the contract suite on the emulated machine, in the self-test kernels that this preset has
# built, one for each back end. A self-test image ends with status 0 if all tests pass. The one for `walked` runs on one
# processor, the one for `softtlb` on two, where a flush is a call that the other processor must answer; and once more
# where the machine sets young and dirty itself.
source "$(dirname "$0")/lib.sh"

# selftest PRESET IMAGE CPUS [ARGUMENT]: runs one of them, with this boot argument.
selftest() {
    status=0
    timeout 120 qemu-system-arm -M virt -cpu cortex-a15 -accel tcg,thread=multi -smp "$3" -m 128 -nodefaults -nic none \
        -display none -monitor none -no-reboot -semihosting-config enable=on,target=native -serial stdio \
        -kernel "build/$1/$2.img" -initrd build/arm/initramfs.cpio -append "loglevel=7 ${4-}" \
        </dev/null >"$work/out" 2>"$work/err" || status=$?
    check "$2 passes on $3 processors ${4-}" equal "$status" 0
    check "$2 has $3 of them" holds "$work/out" "(^|[^0-9])$3 CPUs online"
    check "$2 says how many tests passed" holds "$work/out" '[1-9][0-9]* passed'
    cat "$work/out"
}

selftest "$1" kernel-selftest 1
selftest "$1" kernel-selftest-softtlb 2
selftest "$1" kernel-selftest-softtlb 2 ad_bits=hardware
finish
