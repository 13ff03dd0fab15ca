#!/bin/bash
# run.sh PROGRAM [ARGUMENT...]: runs a program under ThreadSanitizer. ThreadSanitizer does not start in an address space
# that is randomized too much (GCC 12, vm.mmap_rnd_bits above 28). So the program gets one without randomization, where
# that is allowed.
if setarch --addr-no-randomize true 2>/dev/null; then
    exec setarch --addr-no-randomize "$@"
fi
exec "$@"
