#!/bin/bash
# selftest.sh: run.sh and profile.sh notice what they must. Each check boots real kernels: a budget that is a little too small
# fails and names its figure; a kernel that does more fails the budget of the ordinary one; a profile adds up to the figure.
source "$(dirname "$0")/../boot/lib.sh"

# measure ARG...: run.sh.
measure() {
    status=0
    tests/bench/run.sh --out "$work" "$@" >"$work/out" 2>"$work/err" || status=$?
}

# budget FIGURE WALKED: makes one that says so; softtlb as measured.
budget() { printf '# a test\n%s\t%s\t-\n' "$1" "$2" >"$work/budget"; }

# figure NAME: what was measured on walked.
figure() { awk -v name="$1" '$1 == name { print $4 }' "$work/out"; }

# Budgets.
measure --budget "$work/taken" --take syscall_getppid fault_young_write
check "--take makes a budget" equal "$status" 0
call=$(figure syscall_getppid) fault=$(figure fault_young_write)
check "there are figures" equal "$(awk -v a="$call" -v b="$fault" 'BEGIN { print (a > 20 && b > 80) }')" 1
measure --budget "$work/taken" syscall_getppid fault_young_write
check "a second run is within it" equal "$status" 0
check "and identical to it" equal "$(figure syscall_getppid) $(figure fault_young_write)" "$call $fault"

scaled() { awk -v figure="$1" -v by="$2" -v plus="$3" 'BEGIN { printf "%.1f", figure * by + plus }'; }
budget fault_young_write "$(scaled "$fault" 0.96 0)"
measure --budget "$work/budget" fault_young_write
check "4 % too much fails" equal "$status" 1
check "and is named" holds "$work/err" '^bench: fault_young_write on walked: '
budget fault_young_write "$(scaled "$fault" 0.98 0)"
measure --budget "$work/budget" fault_young_write
check "2 % too much does not" equal "$status" 0
budget syscall_getppid "$(scaled "$call" 1 -1.9)"
measure --budget "$work/budget" syscall_getppid
check "nor do two instructions" equal "$status" 0
budget fault_young_write "$(scaled "$fault" 1.1 0)"
cp "$work/budget" "$work/before"
measure --budget "$work/budget" fault_young_write
check "what is better passes" equal "$status" 0
check "and is told" holds "$work/err" 'better than the budget'
check "and is not taken unasked" cmp -s "$work/budget" "$work/before"
measure --budget "$work/budget" --take fault_young_write
check "--take takes it" holds "$work/budget" "^fault_young_write	$fault	"
budget fault_young_write "$(scaled "$fault" 0.9 0)"
measure --budget "$work/budget" --take fault_young_write
check "--take does not take what is worse" equal "$status $(awk '/^fault/ { print $2 }' "$work/budget")" "1 $(scaled "$fault" 0.9 0)"

# A kernel that writes a record at each station of a fault takes more than the budget that was taken above.
measure --budget "$work/taken" --append trace=ring fault_young_write
check "a kernel that does more fails" equal "$status" 1
check "and the figure is named" holds "$work/err" '^bench: fault_young_write on walked: '

# What tests/long.sh changes in copies of the kernel stands where it looks for it.
check "the copies of stations.sh" tests/bench/stations.sh --copies "$work/copies"

# What is missing, or does not exist.
measure fault_young_wrote
check "an unknown figure" equal "$status" 64
check "is named" holds "$work/err" 'no figure fault_young_wrote'
measure --slow
check "an unknown option" equal "$status" 64
measure --budget "$work/none" syscall_getppid
check "a budget that does not exist" equal "$status" 69
CONFORMANCE_PACKAGES=$work/none measure --at-hand --linux syscall_getppid
check "a Linux that is not to be had" equal "$status" 69
check "is told" holds "$work/err" 'linux-image-armmp'
mkdir -p "$work/tree/tests/conformance"
cp -r tests/bench "$work/tree/tests"
cp tests/conformance/lib.sh "$work/tree/tests/conformance"
rm "$work/tree/tests/bench/linux.tsv"
status=0
"$work/tree/tests/bench/run.sh" >"$work/out" 2>"$work/err" || status=$?
check "Linux's figures are not there" equal "$status" 69
check "and the way to make them is told" holds "$work/err" 'linux.tsv is missing'
mkdir "$work/compiler"
printf '#!/bin/sh\n[ "$1" = -dumpversion ] && echo 99.1.0\n' >"$work/compiler/arm-none-eabi-gcc"
chmod +x "$work/compiler/arm-none-eabi-gcc"
PATH=$work/compiler:$PATH measure syscall_getppid
check "a compiler without a budget only reports" equal "$status" 0
check "and says so" holds "$work/err" 'no budget for GCC 99'

# profile FIGURE ARG...: sets `total` to the sum of what it prints by function.
profile() {
    status=0
    tests/bench/profile.sh "$@" >"$work/out" 2>"$work/err" || status=$?
    total=$(awk '/^ +[0-9.]+ +[0-9.]+%  / { total += $1 } END { print total }' "$work/out")
}

profile fault_young_write
check "a profile" equal "$status" 0
# The program's loop is four instructions, and the access that faults is noted twice.
check "adds up to the figure: $total" awk -v a="$total" -v b="$fault" 'BEGIN { exit !(a - b > 4 && a - b < 6) }'
check "knows the fault handler" holds "$work/out" ' do_page_fault$'
profile --instructions fault_young_write
check "an operation" equal "$status" 0
check "has its lines" holds "$work/out" '  mm/memory\.cpp:[0-9]+  [a-z]'
check "and as many instructions" equal "$(grep -c -E '^ +[0-9]+  [0-9a-f]{8}  ' "$work/out")" \
    "$(sed -n 's/^\([0-9]*\) instructions: .*/\1/p' "$work/out")"
check "from one turn to the next" awk -v n="$(sed -n 's/^\([0-9]*\) instructions: .*/\1/p' "$work/out")" -v b="$fault" \
    'BEGIN { exit !(n - b > 4 && n - b < 6) }'
profile
check "a profile of nothing" equal "$status" 64
profile futex_wake_op_cleanpte_extra_shm
check "a profile of a difference" equal "$status" 64
finish
