#!/bin/bash
# The debug kernel's watches that need no panic, or a machine of their own: interrupts masked for too long, tasks that hang,
# soft lockups. Each must report what misbehave() does (kernel/debug/misbehave.cpp), and nothing else. The script sets the
# machine itself.
source "$(dirname "$0")/lib.sh"

arm-linux-gnueabihf-gcc -O1 -static -o "$work/mirror" tests/boot/programs/mirror.c -lm || exit 1

# misbehave LETTER OPTION...: what this letter does to the debug kernel.
misbehave() { run --debug "${@:2}" --exec "$work/mirror" crash "$1" </dev/null; }

# silent WHAT: the last run ended well, and the kernel said nothing.
silent() {
    check "$1" equal "$status" 0
    check "$1: and no report" equal "$(cat "$work/err")" ""
}

for mmu in walked softtlb; do
    # Interrupts masked for longer than 10 ms: exact on one processor, when instructions are counted.
    misbehave i --icount --mmu "$mmu"
    check "$mmu: the status of masked interrupts" equal "$status" 71
    check "$mmu: how long, and since when" holds "$work/err" \
        '^faultline: panic: interrupts masked for 110[0-9][0-9] us, since mask_interrupts_for\+0x[0-9a-f]+$'
    misbehave n --icount --mmu "$mmu"
    silent "$mmu: 9 ms are permitted"

    # A task that hangs for ten seconds. Time passes at once where instructions are counted and nothing runs.
    misbehave h --icount --mmu "$mmu" --append sysctl.kernel.hung_task_timeout_secs=3
    check "$mmu: a task that hangs harms nobody" equal "$status" 0
    check "$mmu: who, and how long" holds "$work/err" 'INFO: task mirror:[0-9]+ blocked for more than 3 seconds\.$'
    check "$mmu: where it sleeps" holds "$work/err" ' misbehave\+0x'
    misbehave h --icount --mmu "$mmu"
    silent "$mmu: ten seconds are less than the usual time-out"
    misbehave h --icount --mmu "$mmu" --append sysctl.kernel.hung_task_timeout_secs=0
    silent "$mmu: the watch is turned off"
done

# A processor that waits for four seconds as for a lock.
for cpus in 1 2; do
    misbehave l --icount --smp "$cpus" --append sysctl.kernel.watchdog_thresh=1
    check "a processor that is stuck harms nobody" equal "$status" 0
    check "which one, how long, and with whom" holds "$work/err" \
        'watchdog: BUG: soft lockup - CPU#[01] stuck for 2s! \[mirror:[0-9]+\]$'
    check "where" holds "$work/err" ' misbehave\+0x'
    check "once" equal "$(grep -c 'soft lockup' "$work/err")" 1
    misbehave l --icount --smp "$cpus"
    silent "four seconds are less than the usual limit"
done

# What hangs on purpose: the loop of the report of 2011 passes points where others would get the processor.
run --debug --timeout 10 --fault-in gup --append "livelock=report sysctl.kernel.watchdog_thresh=1" \
    --init /sbin/init act original-report </dev/null
check "a livelock goes on" equal "$status" 72
check "and is reported as one" holds "$work/err" 'livelock: .* is in a loop that cannot end'
check "it is no soft lockup" lacks "$work/err" 'soft lockup'

# Under load nothing is reported, on machines of one and of several processors, and with instructions counted.
run --debug --icount --init /sbin/init run /bin/storm_all 1s </dev/null
silent "all storms, counted"
run --debug --icount --mmu softtlb --smp 2 --timeout 240 --init /sbin/init run /bin/storm_all 1s </dev/null
silent "all storms on two processors, counted"

# The settings: as Linux has them, and only where they mean something.
run --debug --append sysctl.kernel.watchdog_thresh=61 --init /sbin/init run /bin/hello </dev/null
check "a limit that is too large is refused" equal "$status" 64
run --append sysctl.kernel.watchdog_thresh=61 --init /sbin/init run /bin/hello </dev/null
silent "the ordinary kernel does not know it"
finish
