#!/bin/bash
# tools/gdb/ on the hang of 2011, at the moment of the report: each command, and each way to be refused. What `fl why` says of
# the entry, the cause and the cure must be what the kernel prints a moment later.
source "$(dirname "$0")/lib.sh"

# The same ELF file, as it were if three members had other names.
python3 -c 'import sys
elf = open(sys.argv[1], "rb").read()
for name in (b"comm", b"lock_depth", b"tickets_"):
    assert name + b"\0" in elf
    elf = elf.replace(name + b"\0", name[:-1] + b"X\0")  # also where it is the end of a longer name
open(sys.argv[2], "wb").write(elf)' build/arm/faultline.elf "$work/renamed.elf" || exit 1

shows "the hang in gdb" livelock.py "renamed=\"$work/renamed.elf\"" --icount --new-disk 1 --fault-in gup --scenario original-report --append "livelock=report trace=ring"
for word in entry cause cure; do
    said=$(sed -n "s/^$word  *//p" "$work/gdb" | head -n 1)
    check "$word is something" [ -n "$said" ]
    check "the kernel says the same of $word" equal "$(sed -n "s/.*livelock:   $word  *//p" "$work/out" | head -n 1)" "$said"
done
check "and the scenario before" holds "$work/out" "^  entry before: 0x76fff000: $(sed -n 's/^entry  *//p' "$work/gdb" | head -n 1)\$"

# Neither symbols nor a machine.
status=0
inside alone.py gdb-multiarch -x tools/gdb/faultline.py || status=$?
check "gdb without anything" equal "$status" 0
[[ $status -eq 0 ]] || cat "$work/gdb"
finish
