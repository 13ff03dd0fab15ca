#!/bin/bash
# run.sh PROGRAM [ARGUMENT...]: runs a program that ThreadSanitizer watches. It cannot find its place in an address space
# that is shuffled too much (GCC 12, vm.mmap_rnd_bits above 28), so it gets one that is not, where that is allowed.
if setarch --addr-no-randomize true 2>/dev/null; then
    exec setarch --addr-no-randomize "$@"
fi
exec "$@"
