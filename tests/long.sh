#!/bin/bash
# What takes too long for every day: all the tests, the portable rooms again without sanitizers, the sabotages that tests
# must catch, every scenario on other machines and with other boot arguments, and a hundred boots of what depends on two
# processors' timing. The last line is `N passed, N failed`, of the scenarios.
set -euo pipefail
cd "$(dirname "$0")/.."

tests/run.sh
cmake --preset host-plain
cmake --build --preset host-plain
ctest --preset host-plain --parallel "$(nproc)" --exclude-regex '^(boot|conformance|source): '
tests/conformance/run.sh
tests/interleave/mutations.py
tests/threads/run.sh build/host-tsan/threads_storm 600 "$RANDOM"

each_repair() {
    echo "$name gup $gup $1"
    echo "$name gup_dirty $gup_dirty $1"
    echo "$name fixup_2011 $fixup_2011 $1"
    echo "$name fixup $fixup $1"
    echo "$name trap $trap $1"
}

# A line per boot: name, repair, what is expected, options.
variants() {
    local name gup gup_dirty fixup_2011 fixup trap calls demo machine sentence options
    while IFS=$'\t' read -r name gup gup_dirty fixup_2011 fixup trap calls demo machine sentence; do
        for options in '--icount' '--mem 32' '--mem 1024' '--append fault_around=0'; do
            # Without fault-around its scenario meets a page that nobody mapped.
            [[ $options != *fault_around* || $name != faultaround* ]] || continue
            each_repair "$options"
        done
        # Stale is stale every time.
        if [[ $name =~ ^stale\.(wake_op|lock_pi|two-processes)$ ]]; then
            for _ in {1..100}; do each_repair ''; done
        fi
        # Entries of shared mappings copied at fork, clean and old: the cured kernel does not mind; the others hang even
        # where the child has touched nothing.
        echo "$name fixup $fixup --append fork_copy_shared=1"
        [[ $name != fork-untouched.* ]] || echo "$name gup hangs --append fork_copy_shared=1"
    done < <(grep -v -E '^(#|$)' user/scenarios/catalogue.tsv)
}

results=$(mktemp)
trap 'rm -f "$results"' EXIT
variants | xargs -P "$(nproc)" -I LINE bash -c 'tests/boot/scenario.sh $1 && echo "ok: $1" || echo "not ok: $1"' - LINE |
    tee "$results"
failed=$(grep -c '^not ok: ' "$results" || true)
echo "$(grep -c '^ok: ' "$results" || true) passed, $failed failed"
[[ $failed -eq 0 ]]
