#!/bin/bash
# compare.sh: --compare boots a scenario under two repairs, and makes a page of both, with what Linux did.
source "$(dirname "$0")/../boot/lib.sh"

run --compare aged-anon.wake_op-p --trace "$work/c.html" </dev/null
check "status" equal "$status" 0
check "what it says" equal "$(tr -s ' ' <"$work/out")" "gup hangs
fixup passes
$work/c.html"
check "the page" tests/trace/check_html.py "$work/c.html" 'turned 1,000 times: .* \*old\*, and fault_in=gup left it so' \
    'was .*\*old\*. fault_in=fixup made it .*young'
check "and Linux beside it" holds "$work/c.html" '"Linux 6.1 with the repair of before 2011 \(as gup\)","hangs","without end","971"'

# The instructions of tracing do not count: a round has as many as without it, give or take one in fifty.
for hang in aged-anon.wake_op-p:gup original-report:gup robust-exit.read-only:fixup_2011; do
    options=(--icount --scenario "${hang%:*}" --fault-in "${hang#*:}")
    run "${options[@]}" --trace "$work/h.html" </dev/null
    traced=$(grep -o -m 1 '"instructions":[0-9]*' "$work/h.html" | head -n 1 | cut -d: -f2)
    run "${options[@]}" </dev/null
    alone=$(sed -n -E 's/.*1000 rounds in which nothing changed, of ([0-9]+) instructions each.*/\1/p' "$work/out")
    check "$hang: a round has $alone instructions, and $traced without those of tracing" \
        test $((traced * 50)) -gt $((alone * 49)) -a $((traced * 50)) -lt $((alone * 51))
done
finish
