#!/bin/bash
# memory.sh: a small machine runs out of memory: who dies and who lives, what may be promised, what a tmpfs may hold
# (tests/boot/programs/memory.c, docs/memory.md).
source "$(dirname "$0")/lib.sh"

mkdir "$work/root"
arm-linux-gnueabihf-gcc -O1 -static -pthread -o "$work/root/memory" tests/boot/programs/memory.c || exit 1
counted=()
[[ " ${machine[*]} " != *' --smp 1 '* ]] || counted=(--icount)

case_of() { run "${counted[@]}" --mem 32 --root "$work/root" --verbose --init /memory "$1" </dev/null; }

for name in hog hogs threads adjusted files allocating calls stuck committed strict churn tmpfs filled; do
    case_of "$name"
    check "$name" equal "$status" 0
    check "$name has run" holds "$work/out" "^memory: $name: passed"
done

# Before it kills, it says what there is; and if there is nobody to kill, it says so and stops.
for name in alone panic; do
    case_of "$name"
    check "$name: the machine stops" equal "$status" 71
    check "$name: who asked" holds "$work/err" 'memory invoked oom-killer: order=0, oom_score_adj=0'
    check "$name: how much there is" holds "$work/err" 'free:[0-9]+ shmem:[0-9]+ .* committed:[0-9]+'
    check "$name: the columns" holds "$work/err" '  pid  \]   uid  tgid total_vm      rss pgtables_bytes oom_score_adj name'
    check "$name: process 1" holds "$work/err" '\[      1\] +[0-9]+     1 +[0-9]+ +[0-9]+ +[0-9]+ +0 memory'
done
check "why" holds "$work/err" 'panic: Out of memory: system-wide panic_on_oom is enabled'
case_of alone
check "why" holds "$work/err" 'panic: System is deadlocked on memory'
case_of stuck
check "its pages are taken" holds "$work/err" 'oom_reaper: reaped process 2 \(memory\), now anon-rss:0kB'
check "and it is named" holds "$work/err" 'Out of memory: Killed process 2 \(memory\) total-vm:[0-9]+kB, anon-rss:[0-9]+kB'
finish
