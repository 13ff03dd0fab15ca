#!/bin/bash
# Programs that nobody here wrote:
# tests/conformance/run.sh [--on linux] [--mmu walked|softtlb] [--smp N] [--debug] [--icount] [--at-hand|--fetch]
#                          [GROUP[/NAME]...]
# Fetches them from Debian's packages, builds them, and runs each on Faultline, or with `--on linux` on Debian's own
# kernel, on the same emulated machine. A line per program, the output of those that fail, and last
# `N passed, N failed`. README.md says what a group is.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
source tests/conformance/lib.sh

usage() {
    echo "usage: tests/conformance/run.sh [--on faultline|linux] [--mmu walked|softtlb] [--smp N] [--debug] [--icount]" \
        "[--at-hand|--fetch] [GROUP[/NAME]...]" >&2
    echo "groups: ${all[*]}" >&2
    exit 64
}

all=()
for group_file in "$here"/*.group; do all+=("$(basename "$group_file" .group)"); done
on=faultline mmu=walked cpus=1 preset=arm icount='' at_hand='' only_fetch='' chosen=()
while [[ $# -gt 0 ]]; do
    case $1 in
    --on) on=${2-}; shift ;;
    --mmu) mmu=${2-}; shift ;;
    --smp) cpus=${2-}; shift ;;
    --debug) preset=debug ;;
    --icount) icount=yes ;;
    --at-hand) at_hand=yes ;;
    --fetch) only_fetch=yes ;;
    -*) usage ;;
    *) chosen+=("$1") ;;
    esac
    shift
done
[[ ($on == faultline && $mmu =~ ^(walked|softtlb)$) || ($on == linux && $mmu == walked && $preset == arm) ]] || usage
[[ $cpus =~ ^[1-8]$ ]] || usage
[[ ${#chosen[@]} -gt 0 ]] || chosen=("${all[@]}")
for choice in "${chosen[@]}"; do
    [[ -f $here/${choice%%/*}.group || (-n $only_fetch && $choice == linux) ]] || usage
done

# A group's defaults; its file may say otherwise.
conformance_defaults() {
    conformance_memory=256
    conformance_per_boot=1000
    conformance_fill() { :; }
    conformance_fetch() { :; }
    conformance_seconds() { echo 60; }
    conformance_passed() { [[ $2 == 0 ]]; }
}

# fetch_group GROUP: in a shell of its own, which may give up. `linux` is no group, but the kernel of `--on linux`.
fetch_group() (
    if [[ $1 == linux ]]; then
        linux_kernel >/dev/null
        exit
    fi
    conformance_defaults
    # shellcheck disable=SC1090
    source "$here/$1.group"
    fetch_compiler && conformance_fetch
)

if [[ -n $only_fetch ]]; then
    status=0
    for choice in "${chosen[@]}"; do fetch_group "${choice%%/*}" || status=69; done
    exit "$status"
fi

if [[ $on == faultline && -z ${QEMU_RUN_BUILT-} && -z ${CONFORMANCE_IMAGES-} ]]; then
    tools/setup.sh test || exit 69
    { [[ -f build/$preset/build.ninja ]] || cmake --preset "$preset"; } >/dev/null &&
        cmake --build --preset "$preset" >/dev/null || give_up "the build failed: cmake --build --preset $preset"
fi

# A directory for each machine: two of them may be tested at the same time.
kernel=$on
[[ $preset == arm ]] || kernel+=-$preset
[[ $mmu == walked ]] || kernel+=-$mmu
[[ $cpus -eq 1 ]] || kernel+=-$cpus
results=$(realpath -m "${CONFORMANCE_RESULTS:-build/conformance}")/$kernel
passed=0 failed=0 skipped=0
trap 'exit 130' INT TERM

# write_list NAME...: what init.c reads.
write_list() {
    local name words
    for name in "$@"; do
        mapfile -t words < <(conformance_command "$name")
        printf '%s\0' "$name" "$(conformance_seconds "$name")" "${#words[@]}" "${words[@]}"
    done
}

# run_programs NAME...: boots until each has run, at most so many to a boot.
run_programs() {
    while [[ $# -gt 0 ]]; do
        run_boots "${@:1:conformance_per_boot}"
        shift $(($# < conformance_per_boot ? $# : conformance_per_boot))
    done
}

# run_boots NAME...: one boot, and others while one of these takes the machine with it: it must not hide the rest. Leaves
# $results/GROUP/NAME.out and .status.
run_boots() {
    local names=("$@") name seconds console=$result/console
    while [[ ${#names[@]} -gt 0 ]]; do
        conformance_fill "${names[@]}" || give_up "$group: cannot fill $root"
        write_list "${names[@]}" >"$root/conformance/list"
        tools/initramfs.sh "$root" "$result/initramfs.cpio" || give_up "cannot pack $root"
        seconds=120
        for name in "${names[@]}"; do seconds=$((seconds + $(conformance_seconds "$name"))); done
        boot "$on" "$result/initramfs.cpio" "$conformance_memory" "$seconds" "$console"
        tr -d '\r' <"$console" | awk -v "to=$result/" '
            /^@@ begin / { out = to $3 ".out"; printf "" >out; next }
            /^@@ end / { close(out); out = ""; s = $4 ($5 == "" ? "" : " " $5); print s >(to $3 ".status"); next }
            out != "" { print >out }'
        [[ -f $result/${names[0]}.out ]] || give_up "$group: the machine did not boot, see $console"
        # The first without a status is the one that ended the machine.
        while [[ ${#names[@]} -gt 0 && -f $result/${names[0]}.status ]]; do names=("${names[@]:1}"); done
        if [[ ${#names[@]} -gt 0 ]]; then
            echo "the machine ended" >"$result/${names[0]}.status"
            names=("${names[@]:1}")
        fi
    done
}

# report NAME: the one line, with the table of expected failures; NAME.expected holds `NAME linux|missing REASON`.
report() {
    local name=$1 status good=no row='' kind='' reason=''
    status=$(cat "$result/$name.status")
    conformance_passed "$name" "$status" "$result/$name.out" && good=yes
    row=$(grep -E "^${name}[[:space:]]" "$here/$group.expected" 2>/dev/null) && read -r _ kind reason <<<"$row"
    [[ $kind != missing || $on != linux ]] || kind='' # Linux has it
    case $good/$kind in
    yes/) echo "ok $group/$name" && passed=$((passed + 1)) && return ;;
    no/?*) echo "expected $group/$name $reason" && return ;;
    yes/*) echo "FAILED $group/$name passes, though $group.expected says: $reason" ;;
    *)
        echo "FAILED $group/$name ($status)"
        tail -n 25 "$result/$name.out" | sed 's/^/    /'
        ;;
    esac
    failed=$((failed + 1))
}

for choice in "${chosen[@]}"; do
    group=${choice%%/*} result=$results/$group
    root=$result/root
    rm -rf "$result"
    mkdir -p "$root/conformance"
    conformance_defaults
    # shellcheck disable=SC1090
    source "$here/$group.group"
    if ! { fetch_compiler && conformance_fetch; }; then
        [[ -n $at_hand ]] || give_up "$group: cannot fetch"
        echo "skipped: tests/conformance/run.sh --fetch $group fetches what it runs"
        skipped=$((skipped + 1))
        continue
    fi
    conformance_build || give_up "$group: cannot build"
    arm_cc -Wall -Wextra -o "$root/conformance/init" "$here/init.c" || give_up "cannot build init.c"
    mapfile -t names < <(conformance_programs)
    if [[ $choice == */* ]]; then
        printf '%s\n' "${names[@]}" | grep -q -x -F -- "${choice#*/}" || give_up "$group has no ${choice#*/}"
        names=("${choice#*/}")
    fi
    run_programs "${names[@]}"
    for name in "${names[@]}"; do report "$name"; done
done
echo "$passed passed, $failed failed"
[[ $skipped -ne ${#chosen[@]} ]] || exit 77
[[ $failed -eq 0 ]]
