#!/bin/bash
# Files used by several threads and processes at once: what is read through one descriptor is read once, and after random
# calls everything is given back. Where instructions are counted, the threads' turns are the same in every run, and come
# in the middle of a call on one processor, too.
source "$(dirname "$0")/lib.sh"

for counted in --icount ''; do
    run $counted --init /sbin/init run /bin/shared_reads </dev/null
    check "each byte, name and record is read once $counted" equal "$status" 0
    run $counted --init /sbin/init run /bin/storm_files 8 </dev/null
    check "all inodes, files, locks, pipes and mounts are given back $counted" equal "$status" 0
done
finish
