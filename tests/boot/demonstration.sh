#!/bin/bash
# The demonstration ends with status 0, shows a table of at least twelve scenarios in six cells each, and takes less
# than 90 seconds.
source "$(dirname "$0")/lib.sh"

SECONDS=0
run </dev/null
check "status" equal "$status" 0
check "in 90 seconds" test "$SECONDS" -lt 90
check "twelve rows" test "$(grep -c -E '^  [A-Za-z0-9._+-]+( +(passes|hangs)){6} *$' "$work/out")" -ge 12
finish
