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
finish
