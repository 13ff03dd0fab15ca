#!/bin/bash
# tools/gdb/ on a stale TLB (scenario stale.lock_pi): `fl pte` and `fl why` must show what each CPU's TLB holds, and that CPU 1's
# permits less than the entry.
source "$(dirname "$0")/lib.sh"
shows "a stale TLB in gdb" stale.py "" --icount --scenario stale.lock_pi --fault-in gup_dirty
finish
