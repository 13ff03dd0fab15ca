#!/bin/bash
# refused.sh: a repair that gives up, in a call and at the end of a task: the page says so, and tells of no success.
source "$(dirname "$0")/../boot/lib.sh"

# gives_up SCENARIO REPAIR SENTENCE: SCENARIO passes, and its page has SENTENCE.
gives_up() {
    run --icount --scenario "$1" --fault-in "$2" --trace "$work/t.html" --trace "$work/t.txt" </dev/null
    check "$1 with $2" equal "$status" 0
    check "$1 with $2: the page" tests/trace/check_html.py "$work/t.html" "$work/t.txt" "$3"
    check "$1 with $2: how it ends" holds "$work/t.html" '"outcome":"failed","error":"-EFAULT"'
    check "$1 with $2: it does not go round" lacks "$work/t.txt" ': round_again: '
}
for repair in gup fixup trap; do
    gives_up robust-exit.read-only "$repair" "ends the task. Its write failed once: .*\*read-only\*. fault_in=$repair gave up: -EFAULT"
    gives_up error.read-only.wake_op-p "$repair" "returned -EFAULT. Its write failed once.* fault_in=$repair gave up: -EFAULT"
done

# What the records do not show is not told.
run --icount --scenario aged-anon.wake_op-p --fault-in fixup --trace "$work/t.html" --trace-filter 'station=sys_enter,repair_called' </dev/null
check "a filter: the page" tests/trace/check_html.py "$work/t.html" 'the records do not show how the next try ended'
check "a filter: how it ends" holds "$work/t.html" '"outcome":"unknown"'
finish
