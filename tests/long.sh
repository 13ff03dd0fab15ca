#!/bin/bash
# tests/long.sh [PART...]: the tests that take too long for every day, in parts; without a name, all parts. Each part
# ends with its counts. The last line is `N passed, N failed`, for all of them.
#
#   everyday    tests/run.sh, all checks of clang-tidy, the host tests without sanitizers, the longest interleavings with
#               softtlb, and the storm of threads under ThreadSanitizer
#   machines    what tests/run.sh boots with one back end only, with the other; memory on eight processors; the model of the
#               retry loop on every machine
#   sabotages   the sabotages that tests must catch
#   explorer    the engine of the explorer in Node and its page in a browser, all of it
#   pressure    four thousand random programs on a machine that is short of memory; four processes that use four times the
#               memory at random, on 1, 2 and 8 processors
#   conformance programs from Debian's packages
#   matrix      every scenario under every repair on 1, 2, 4 and 8 processors, also where they set young and dirty themselves
#   variants    every scenario under every repair on other machines, and with other boot arguments
#   stale       a hundred boots of each scenario that depends on the timing of two processors
#   livelocked  every scenario that hangs, beside a program that must get on, on 1, 2 and 8 processors
#   fuzz        ten million random system calls on three machines, and mutated files, command lines and device trees
#   storms      all storms at once for ten minutes on eight processors, in the ordinary kernel and the debug kernel
#   disks       power cuts behind every write of a hundred rounds, and disks that fail, on 1, 2, 4 and 8 processors
#   stations    what the stations cost in each figure of the benchmark while nobody watches
#   viewers     chromium and KernelShark open what qemu-run.sh --trace and --compare make
#
# The storms, the pressure, the disks, the matrix and the threads under ThreadSanitizer run with both back ends.
set -euo pipefail
cd "$(dirname "$0")/.."

parts=(everyday machines sabotages explorer pressure conformance matrix variants stale livelocked fuzz storms disks stations viewers)
for part in "$@"; do
    [[ " ${parts[*]} " == *" $part "* ]] || { echo "tests/long.sh: no part '$part': ${parts[*]}" >&2; exit 64; }
done
[[ $# -eq 0 ]] || parts=("$@")

results=$(mktemp)
trap 'rm -f "$results"' EXIT

# judged COMMAND...: runs it, and prints how it ended, in a line that is counted.
judged() { "$@" && echo "ok: $*" || echo "not ok: $*"; }
export -f judged

# shared REPAIR NAME... -- OPTION...: one tests/boot/scenarios.sh, and a counted line for each of its scenarios.
shared() {
    set -o pipefail
    tests/boot/scenarios.sh "$@" | sed -u -E "s/^ok (.*)/ok: \\1 $1 ${*##*-- }/; s/^FAILED: /not ok: /" || echo "not ok: $*"
}
export -f shared

# boots: each line of input has, with tabs between: a scenario, a repair, passes or hangs, options, and the machine that the
# scenario needs (`-`: any; `alone`: any, in a boot of its own). Runs as many boots at a time as this computer has processors. As
# in tests/run.sh, those that pass under one repair on one machine share a boot; what hangs, breaks the kernel or waits for swap
# does not. Says first how many lines must be counted.
boots() {
    local rows
    rows=$(cat)
    echo "rows: $(wc -l <<<"$rows")"
    awk -F '\t' '
        function boot(key) { print "shared " names[key] " -- " options[key]; delete names[key] }
        $3 == "hangs" || $5 ~ /alone|broken|--swap/ { print "judged tests/boot/scenario.sh " $1, $2, $3, $4; next }
        {
            key = $2 " " $5 " " $4
            options[key] = ($5 == "-" ? "" : $5 " ") $4
            names[key] = (names[key] == "" ? $2 : names[key]) " " $1
            if (++count[key] % 25 == 0) boot(key)
        }
        END { for (key in names) boot(key) }' <<<"$rows" |
        xargs -P "$(nproc)" -I LINE bash -c LINE
}

# scenarios COMMAND: calls `COMMAND name machine` for each row of the catalogue. `expected` then has the result that
# each repair must have, and `on_hardware` the one of gup and gup_dirty where the machine sets young and dirty itself.
declare -A expected
on_hardware=
scenarios() {
    local name gup gup_dirty fixup_2011 fixup trap calls demo machine hardware rest
    while IFS=$'\t' read -r name gup gup_dirty fixup_2011 fixup trap calls demo machine hardware rest; do
        on_hardware=$hardware
        expected=([gup]=$gup [gup_dirty]=$gup_dirty [fixup_2011]=$fixup_2011 [fixup]=$fixup [trap]=$trap)
        "$1" "$name" "$machine"
    done < <(grep -v -E '^(#|$)' user/scenarios/catalogue.tsv)
}

row() { printf '%s\t' "$@" && echo; } # NAME REPAIR passes|hangs OPTIONS MACHINE

each_repair() { # NAME OPTIONS MACHINE
    local repair
    for repair in gup gup_dirty fixup_2011 fixup trap; do row "$1" "$repair" "${expected[$repair]}" "$2" "$3"; done
}

# Leaves out machines with fewer processors than the scenario needs, and back ends that it cannot use.
on_every_machine() {
    local cpus mmu least=1 only='walked softtlb'
    [[ ! $2 =~ --smp\ ([0-9]) ]] || least=${BASH_REMATCH[1]}
    [[ ! $2 =~ --mmu\ ([a-z]+) ]] || only=${BASH_REMATCH[1]}
    for mmu in $only; do
        for cpus in 1 2 4 8; do
            [[ $cpus -lt $least ]] || each_repair "$1" "--mmu $mmu --smp $cpus" "$2"
        done
    done
    expected[gup]=$on_hardware expected[gup_dirty]=$on_hardware
    for cpus in 1 2 4 8; do
        [[ $cpus -lt $least ]] || each_repair "$1" "--mmu softtlb --smp $cpus --append ad_bits=hardware" "$2"
    done
}

variants() {
    local options
    for options in '--icount' '--mem 32' '--mem 1024' '--append fault_around=0'; do
        # This scenario needs fault-around: without it, it meets a page that is not mapped.
        [[ $options != *fault_around* || $1 != faultaround* ]] || continue
        [[ $options != *--mem* || $2 != *--mem* ]] || continue
        each_repair "$1" "$options" "$2"
    done
    # With this option, fork copies the entries of shared mappings, clean and old. The cured kernel passes. The others
    # hang, even where the child has touched nothing.
    row "$1" fixup "${expected[fixup]}" '--append fork_copy_shared=1' "$2"
    [[ $1 != fork-untouched.* ]] || row "$1" gup hangs '--append fork_copy_shared=1' "$2"
}

# These scenarios must end the same way in every boot.
a_hundred_times() {
    [[ $1 =~ ^stale\.(wake_op|lock_pi|two-processes)$ ]] || return 0
    for _ in {1..100}; do each_repair "$1" '' alone; done
}

# A line for each row of the catalogue that hangs, on each machine that can show it.
livelocked() {
    local cpus mmu repair disk='' least=1 only='walked softtlb'
    [[ ! $2 =~ --smp\ ([0-9]) ]] || least=${BASH_REMATCH[1]}
    [[ ! $2 =~ --mmu\ ([a-z]+) ]] || only=${BASH_REMATCH[1]}
    [[ ! $2 =~ --new-disk|--swap ]] || disk=$2
    [[ ! $2 =~ tlb=broken ]] || return 0
    for repair in gup gup_dirty fixup_2011 fixup trap; do
        [[ ${expected[$repair]} == hangs ]] || continue
        for mmu in $only; do
            for cpus in 1 2 8; do
                [[ $cpus -lt $least ]] || echo "$1 $repair --mmu $mmu --smp $cpus $disk"
            done
        done
    done
}

build() {
    local preset
    for preset in "$@"; do
        [[ -f build/$preset/build.ninja ]] || cmake --preset "$preset" || return
        cmake --build --preset "$preset" || return
    done
}

run_part() {
    case $1 in
    everyday)
        local mmu
        judged tests/run.sh
        build host-plain host-tsan || return
        judged tools/tidy.sh --thorough build/host
        judged ctest --preset host-plain --parallel "$(nproc)" --exclude-regex '^(boot|conformance|source): '
        judged build/host/softtlb_interleave_tests '[long]'
        for mmu in walked softtlb; do
            judged tests/threads/run.sh "build/host-tsan/threads_storm_$mmu" 600 "$RANDOM"
        done
        judged tests/threads/run.sh build/host-tsan/threads_storm_softtlb 600 "$RANDOM" hardware
        ;;
    machines)
        local script
        build arm debug || return
        for script in disk disk_errors every_call power_cut swap; do
            judged "tests/boot/$script.sh" --mmu softtlb --smp 2
        done
        judged tests/boot/shares.sh --mmu softtlb
        judged tests/boot/memory.sh --mmu walked --smp 8
        judged tests/model/run.sh
        ;;
    sabotages)
        local copies
        copies=$(nproc)
        seq 1 "$copies" | xargs -P "$copies" -I NTH bash -c "judged tests/interleave/mutations.py --part NTH/$copies"
        ;;
    explorer)
        local mmu
        build host-plain || return
        judged tools/explorer.sh engine all sabotages
        for mmu in walked softtlb; do
            judged tests/explorer/stations.sh "$PWD/build/host-plain/stations_$mmu" "$mmu" --every
        done
        judged node tests/explorer/sabotages.mjs
        judged tests/explorer/page.sh --all
        ;;
    pressure)
        local program mmu cpus first=$((RANDOM * 2000 + 1000))
        build host && build arm || return
        for program in host_tests softtlb_tests; do
            judged env "FAULTLINE_PRESSURE_SEEDS=$first-$((first + 1999))" "build/host/$program" 'pressure: random*'
        done
        for mmu in walked softtlb; do
            for cpus in 1 2 8; do judged tests/boot/swap.sh --working-set 128 20000 --mmu "$mmu" --smp "$cpus"; done
        done
        ;;
    conformance) judged tests/conformance/run.sh ;;
    matrix) build arm && scenarios on_every_machine | boots ;;
    variants) build arm && scenarios variants | boots ;;
    stale) build arm && scenarios a_hundred_times | boots ;;
    livelocked)
        build arm && scenarios livelocked |
            xargs -P "$(nproc)" -I LINE bash -c 'judged tests/boot/livelocked.sh --only $1' - LINE
        ;;
    fuzz)
        build arm debug host-fuzz || return
        judged tests/boot/fuzz.sh "$RANDOM" 6000000 --mmu walked --smp 1
        judged tests/boot/fuzz.sh "$RANDOM" 2000000 --mmu softtlb --smp 2
        judged tests/boot/fuzz.sh "$RANDOM" 2000000 --debug --mmu walked --smp 4
        judged tests/fuzz/host.sh seconds 300 "$RANDOM"
        ;;
    storms)
        local mmu
        build arm debug || return
        for mmu in walked softtlb; do
            judged tests/boot/storm.sh all 600 --mmu "$mmu" --smp 8
            judged tests/boot/storm.sh all 600 --debug --mmu "$mmu" --smp 8
        done
        ;;
    stations) build arm && judged tests/bench/stations.sh ;;
    viewers) build arm && tests/trace/viewers.sh ;;
    disks)
        local mmu cpus
        build arm || return
        for mmu in walked softtlb; do
            for cpus in 1 2 4 8; do
                judged tests/boot/power_cut.sh --rounds 100 --mmu "$mmu" --smp "$cpus"
                judged tests/boot/disk_errors.sh --mmu "$mmu" --smp "$cpus"
            done
        done
        ;;
    esac
}

passed=0 failed=0
for part in "${parts[@]}"; do
    echo "== $part"
    { run_part "$part" || echo "not ok: $part"; } | tee "$results"
    ok=$(grep -c '^ok: ' "$results" || true) not_ok=$(grep -c '^not ok: ' "$results" || true)
    rows=$(sed -n 's/^rows: //p' "$results")
    if [[ -n $rows && $rows -ne $((ok + not_ok)) ]]; then
        echo "not ok: $part: $((ok + not_ok)) rows of $rows"
        not_ok=$((not_ok + 1))
    fi
    echo "$part: $ok passed, $not_ok failed"
    passed=$((passed + ok)) failed=$((failed + not_ok))
    [[ $((ok + not_ok)) -ne 0 ]] || failed=$((failed + 1)) # a part that tests nothing is broken
done
echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
