#!/bin/bash
# What the kernel tells of its faults (docs/seeing.md): whatever ends the machine, no record is missing; the filter; and the
# commands of the shell. tools/trace/convert.py fails if what was received and what was lost is not what was written.
source "$(dirname "$0")/lib.sh"
trace=$work/trace.txt

# traced WHAT STATUS PATTERN OPTION...: a run with --trace must have that status, lose nothing, and pass stations that match.
traced() {
    rm -f "$trace"
    run --trace "$trace" "${@:4}" </dev/null
    check "$1: status" equal "$status" "$2"
    check "$1: nothing is lost" holds "$work/err" '^trace: [1-9][0-9,]* records, none lost$'
    check "$1: what it passed" holds "$trace" "$3"
}

# The hang, round by round, until the kernel halts; what is repeated is folded.
traced 'a livelock' 70 ': repair_called: address=0x[0-9a-f]+ repair=gup <fault_in_user_writeable>$' \
    --icount --fault-in gup --scenario original-report
check 'the hang is folded' holds "$trace" '^ +× [0-9,]{2,5} the same: the last [0-9]+ records of scenario-[0-9]+, until '
turning=$(grep -o -m 1 -E 'scenario-[0-9]+ .*: round_again:' "$trace" | cut -d ' ' -f 1) # the task
check 'in it nothing stores an entry' \
    equal "$(sed -n '/: round_again:/,$p' "$trace" | grep -F "$turning " | grep -c ': entry_stored:')" 0
check 'few lines are left' test "$(wc -l <"$trace")" -lt 2000

# The cure: the entry is made dirty, once.
traced 'a cured call' 0 ': made_accessible: .*clean write.*dirty write.* <make_accessible>$' \
    --fault-in fixup --scenario original-report

# Other ends.
traced 'a program that ends' 0 ': sched_process_exec: pid=[0-9]+' --init /bin/hello
arm-linux-gnueabihf-gcc -O1 -static -o "$work/mirror" tests/boot/programs/mirror.c -lm || exit 1
check 'a function is named without its arguments' lacks "$trace" '<[^<>]*[<(]'
traced 'a signal that ends a group' 143 ': signal_deliver: sig=9 code=0 handler=0x00000000 ' --exec "$work/mirror" kill 15
traced 'a signal that dumps core' 139 ': signal_deliver: sig=11 code=-6 handler=0x00000000 ' --exec "$work/mirror" kill 11
traced 'a panic' 71 ': abort: address=0x00000000 .* access=write ' --exec "$work/mirror" crash c
traced 'a time-out' 72 ': sched_switch: ' --fault-in gup --append livelock=report --timeout 3 --init /sbin/init act original-report

# An interrupt. A background job of a script ignores SIGINT from its start; `env --default-signal` undoes that.
rm -f "$trace"
: >"$work/err" # it had what the machine before said
status=0
env --default-signal=INT ./qemu-run.sh "${machine[@]}" --trace "$trace" --fault-in gup --append livelock=report \
    --init /sbin/init act original-report </dev/null >"$work/out" 2>"$work/err" &
script=$!
for ((i = 0; i < 200; i++)); do
    ! grep -q 'cannot end' "$work/err" || break
    sleep 0.1
done
kill -s INT "$script"
{ wait "$script" || status=$?; } 2>/dev/null
check 'SIGINT ends the script' equal "$status" 130
check 'an interrupt: nothing is lost' holds "$work/err" '^trace: [1-9][0-9,]* records, none lost$'
check 'an interrupt: what it passed' holds "$trace" ': round_again: '

# The filter.
traced 'one station' 0 ': vma: ' --trace-filter 'station=vma' --init /sbin/init run /bin/hello
check 'only that station' equal "$(grep -v '^#' "$trace" | grep -v -c -E ': (vma|task_rename): |the same')" 0
traced 'one task' 0 'hello-' --trace-filter 'task=hello station=fault' --init /sbin/init run /bin/hello
check 'only that task' equal "$(grep -v '^#' "$trace" | grep -v -c -E '^ *hello-|the same')" 0
traced 'addresses' 0 ': abort: address=0x0001' --trace-filter 'station=abort address=0x10000-0X1FFFF' --init /sbin/init run /bin/hello
check 'only these addresses' equal "$(grep ': abort: ' "$trace" | grep -v -c 'address=0x0001')" 0

# The kernel has a check of its own: `trace on` of the shell has no other.
for words in 'station=abort station=vma' 'station=abort,' 'station=abort,,vma' 'cpu=0,' 'task=0' 'address=2-1'; do
    run --append "\"trace_filter=$words\"" --init /bin/hello </dev/null
    check "the kernel refuses $words" equal "$(cat "$work/out" "$work/err" | grep -c 'boot argument trace_filter=.*: expected station=')" 1
done

# Each task has a number of its own, those of the kernel, too.
traced 'tasks of the kernel' 0 ': task_rename: comm=kswapd0 ' --trace-filter 'station=sched,task' --scenario short-anon.wake_op-p
check 'kswapd0 has a number' holds "$trace" '^ *kswapd0-32[0-9]{3} '
check 'the flusher has another' holds "$trace" '^ *flusher-32[0-9]{3} '
check 'idle has 0, and its name' lacks "$trace" '^ *(swapper-[1-9]|[^ ]*[^r]-0 )'
check 'nothing switches from a task to itself' lacks "$trace" ': sched_switch: prev_pid=([0-9]+) .*next_pid=\1 '

# A fault is over when its entry is stored: what the task does to the page later is not told as a part of it.
arm-linux-gnueabihf-gcc -O1 -static -o "$work/explain" tests/boot/programs/explain.c || exit 1
run --exec "$work/explain" </dev/null
check 'explain: status' equal "$status" 0
tr -d '\r' <"$work/out" | awk '/^after / { name = $2; sub(":", "", name); next } { print >"'"$work"'/explain." name }'
check 'explain: the fault' holds "$work/explain.the" '^The page had been there all the time: its entry was only \[.* old '
for later in fork mprotect munmap; do
    check "explain: after $later" cmp "$work/explain.the" "$work/explain.$later"
done

# Eight processors under load, each with its own ring.
traced 'a storm on eight processors' 0 '\[007\]' --smp 8 --timeout 200 --init /sbin/init run /bin/storm_fault 1s
finish
