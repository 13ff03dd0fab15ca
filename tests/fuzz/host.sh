#!/bin/bash
# host.sh runs|seconds NUMBER [SEED]: the libFuzzer targets that the preset host-fuzz has built, one after the other, each
# from its valid inputs (tests/fuzz/corpus.py): so many runs, or so many seconds. An input that fails stays in build/.
set -euo pipefail
cd "$(dirname "$0")/../.."

case ${1-} in
runs) limit=-runs=$2 ;;
seconds) limit=-max_total_time=$2 ;;
*)
    sed -n '2,3s/^# //p' "$0" >&2
    exit 64
    ;;
esac
seed=${3:-1}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tests/fuzz/corpus.py "$work"
failed=0
for program in build/host-fuzz/fuzz_*; do
    target=${program##*/fuzz_}
    if "$program" -seed="$seed" "$limit" -max_len=4096 -print_final_stats=1 -artifact_prefix="build/host-fuzz/$target-" \
        "$work/$target" >"$work/log" 2>&1; then
        sed -n "s/^stat::number_of_executed_units: */fuzz: $target, seed $seed: inputs tried: /p" "$work/log"
    else
        failed=1
        echo "FAILED: $target, seed $seed"
        grep -v -E '^#[0-9]+' "$work/log" | head -n 60
    fi
done
exit "$failed"
