#!/bin/bash
# tools/gdb/ on tasks that wait for the mmap lock.
source "$(dirname "$0")/lib.sh"
shows "the mmap lock in gdb" mmap_lock.py "" --icount --smp 2 --init /sbin/init run /bin/storm_map 1s
finish
