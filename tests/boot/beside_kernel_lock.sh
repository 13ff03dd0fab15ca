#!/bin/bash
# beside_kernel_lock.sh: while one processor is in a long system call that holds the kernel lock, another one handles
# page faults and makes futex calls. With both back ends (user/programs/beside_kernel_lock.cpp).
source "$(dirname "$0")/lib.sh"

for mmu in walked softtlb; do
    run --icount --smp 2 --mmu "$mmu" --init /sbin/init run /bin/beside_kernel_lock </dev/null
    check "beside_kernel_lock on $mmu" equal "$status" 0
done
finish
