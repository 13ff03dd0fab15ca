#!/bin/bash
# tests/host/run.sh PROGRAM NAME: runs the tests of NAME_test.cpp that are in PROGRAM. The last line counts them.
set -uo pipefail

log=$(mktemp)
trap 'rm -f "$log"' EXIT
"$1" --filenames-as-tags "[#$2_test]" >"$log" 2>&1
code=$?
cat "$log"

# Catch2's last line is "All tests passed (9 assertions in 3 test cases)" or "test cases: 3 | 2 passed | 1 failed".
read -r passed failed < <(sed -n -E \
    -e 's/^All tests passed .* in ([0-9]+) test cases?\)$/\1 0/p' \
    -e 's/^test cases: *[0-9]+ \| *([0-9]+) passed \| *([0-9]+) failed.*$/\1 \2/p' \
    -e 's/^test cases: *([0-9]+) \| *\1 failed.*$/0 \1/p' "$log" | tail -n 1)
if [[ -z ${passed-} || ($code -ne 0 && $failed -eq 0) ]]; then # no test, or the program did not come to its end
    passed=0 failed=1
fi
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
