#!/bin/bash
# All tests: installs what is missing, builds everything, runs the tests of this computer and those that boot the
# emulated machine. The last line is `N passed, N failed`; before it, what was skipped. Arguments go to ctest:
# tests/run.sh -R futex
set -euo pipefail
cd "$(dirname "$0")/.."

tools/setup.sh test
mkdir -p build
exec {lock}>build/.lock
flock "$lock"
for preset in arm debug host host-tsan; do
    if [[ ! -f build/$preset/build.ninja ]]; then
        cmake --preset "$preset"
    fi
    cmake --build --preset "$preset"
done
exec {lock}>&-

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

# A skipped test, which ctest takes for one that passed, says what it lacks: `skipped GROUP: …` (tests/boot/lib.sh,
# tests/conformance/run.sh).
skipped=$(grep -c '(Skipped)$' "$log" || true)
if [[ $skipped -ne 0 ]]; then
    groups=$(sed -n -E 's/^skipped ([a-z_]+): .*/\1/p' build/host/Testing/Temporary/LastTest.log | sort -u | tr '\n' ' ')
    echo "$skipped skipped: Debian packages that they run are not at hand; tests/conformance/run.sh ${groups% } fetches them"
fi
echo "$((total - failed - skipped)) passed, $failed failed"
exit "$code"
