#!/bin/bash
# All tests: installs what is missing, builds everything, fetches the Debian packages whose programs some tests run, and
# runs the tests of this computer and those that boot the emulated machine. Only where there is no network are tests
# skipped, and then the lines before the last name them. The last line is `N passed, N failed`. Arguments go to ctest:
# tests/run.sh -R futex
set -euo pipefail
cd "$(dirname "$0")/.."

tools/setup.sh test
mkdir -p build
exec {lock}>build/.lock
flock "$lock"
for preset in arm debug host host-tsan host-fuzz wasm; do
    if [[ ! -f build/$preset/build.ninja ]]; then
        cmake --preset "$preset"
    fi
    cmake --build --preset "$preset"
done
exec {lock}>&-

# What the chosen tests need, by their labels (cmake/boot_tests.cmake).
groups=$(ctest --preset host "$@" --print-labels | sed -n 's/^ *packages of //p' | sort)
# shellcheck disable=SC2086 # a word for each group
[[ -z $groups ]] || tests/conformance/run.sh --fetch $groups || true # a test whose packages are missing skips itself

log=$(mktemp)
trap 'rm -f "$log"' EXIT
code=0
ctest --preset host --parallel "$(nproc)" --timeout 600 "$@" | tee "$log" || code=$?

# ctest counts for us: "97% tests passed, 3 tests failed out of 100"
read -r failed total < <(sed -n -E 's/^.* tests passed, ([0-9]+) tests failed out of ([0-9]+)$/\1 \2/p' "$log") || true
if [[ -z ${total-} || ${total-} -eq 0 ]]; then
    echo "tests/run.sh: no test was run" >&2
    exit 1
fi
mapfile -t skipped < <(sed -n -E 's/^\t *[0-9]+ - (.*) \(Skipped\)$/\1/p' "$log") # ctest takes them for passed
passed=$((total - failed - ${#skipped[@]}))

# A test of several cases, such as the scenarios of one boot, ends its output with a count of its own, and counts as so
# many.
while read -r cases_passed cases_failed; do
    passed=$((passed + cases_passed)) failed=$((failed + cases_failed))
    if [[ $cases_failed -eq 0 ]]; then passed=$((passed - 1)); else failed=$((failed - 1)); fi
done < <(awk '
    /^Output:$/ { last = "" }
    /^<end of output>$/ && split(last, word) == 4 && last ~ /^[0-9]+ passed, [0-9]+ failed$/ && word[1] + word[3] > 0 {
        print word[1], word[3]
    }
    NF { last = $0 }' build/host/Testing/Temporary/LastTest.log)

if [[ ${#skipped[@]} -gt 0 ]]; then
    echo
    echo "SKIPPED: ${#skipped[@]} tests need packages that could not be fetched (is there a network?):"
    printf '    %s\n' "${skipped[@]}"
    echo "Try: tests/conformance/run.sh --fetch" $groups
    echo
fi
echo "$passed passed, $failed failed$([[ ${#skipped[@]} -eq 0 ]] || echo ", ${#skipped[@]} skipped")"
exit "$code"
