#!/bin/bash
# Where the instructions of one figure go: docs/performance.md. QEMU notes every instruction that it executes, one by one, and
# profile.py counts those between the program's readings of the counter.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage() {
    cat <<'END'
tests/bench/profile.sh [OPTION...] FIGURE     instructions by function, for one operation: tests/bench/figures.tsv has the names

  --instructions   one operation, instruction by instruction, with the lines of the source
  --mmu M          walked (default) or softtlb

A boot takes millions of instructions, so this takes some seconds; a figure with 30,000 VMAs takes minutes.
Status 64: bad usage; 69: what it needs is missing.
END
}

source tests/bench/lib.sh
instructions='' mmu=walked figure=''
while [[ $# -gt 0 ]]; do
    case $1 in
    --instructions) instructions=yes ;;
    --mmu)
        [[ ${2-} == walked || ${2-} == softtlb ]] || refuse "--mmu: walked or softtlb"
        mmu=$2
        shift
        ;;
    --help)
        usage
        exit
        ;;
    -*) refuse "$1: there is no such option; --help lists them" ;;
    *)
        [[ -z $figure ]] || refuse "$1: one figure at a time"
        figure=$1
        ;;
    esac
    shift
done
[[ -n $figure ]] || refuse "of which figure? tests/bench/figures.tsv lists them"
check_figures "$figure"
case $figure in
*_cleanpte_extra_* | *_extra_per_*) refuse "$figure is the difference of two others: profile those" ;;
esac

work=$(mktemp -d "${TMPDIR:-/tmp}/bench.XXXXXX")
reader=''
trap 'rm -rf "$work"; [[ -z $reader ]] || kill "$reader"' EXIT
build_bench "$mmu"
make_initramfs here

# One instruction at a time, and no way from one to the next that is not noted. QEMU 8.1 has renamed the option.
one_by_one=(-singlestep)
if [[ $(qemu-system-arm --help) == *one-insn-per-tb* ]]; then one_by_one=(-accel tcg,one-insn-per-tb=on); fi
words="$(group_of "$figure") mark=$figure"
mkfifo "$work/log"
tests/bench/profile.py count --kernel "$work/kernel-$mmu.elf" --program "$work/bench.elf" --figure "$figure" \
    --windows "$work/windows" <"$work/log" &
reader=$!
BENCH_TIMEOUT=3600 boot_bench "$work/kernel-$mmu.img" "$work/here.cpio" "$work/console" "loglevel=5 init=/init" "$words" \
    "${one_by_one[@]}" -d exec,nochain -D "$work/log"
wait "$reader"
reader=''
tests/bench/profile.py show --kernel "$work/kernel-$mmu.elf" --program "$work/bench.elf" --figure "$figure" \
    --windows "$work/windows" --operations "$(sed -n 's/^operations //p' "$work/console")" ${instructions:+--instructions}
