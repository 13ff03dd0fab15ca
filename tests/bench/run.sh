#!/bin/bash
# What operations of the kernel cost, in instructions, on both back ends, beside Linux: docs/performance.md. The figures must
# stay within the budget: `--help`.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage() {
    cat <<'END'
tests/bench/run.sh [OPTION...] [FIGURE...]     measures all figures, or these: tests/bench/figures.tsv

  --linux        measures Debian's linux-image-armmp in the same QEMU as well (fetches it the first time); otherwise Linux's
                 figures are those of tests/bench/linux.tsv
  --take         takes what has become better into the budget, and draws docs/pictures/performance.svg again if all figures
                 were measured; with --linux, writes tests/bench/linux.tsv
  --budget FILE  the budget, instead of the one of this compiler: tests/bench/budget-gcc-VERSION.tsv
  --append "..." more arguments for our kernel
  --smp N        processors of our machine (default 1). With others, nothing is compared with the budget
  --at-hand      fetches nothing
  --out DIR      where table.tsv and chart.svg go (default build/bench)

Status: 0, or 1 if a figure is more than 3 % and 2 instructions above its budget.
64: bad usage; 69: what it needs is missing.
END
}

source tests/bench/lib.sh
linux='' take='' budget='' append='' out=build/bench names=() at_hand=''
while [[ $# -gt 0 ]]; do
    case $1 in
    --linux) linux=yes ;;
    --take) take=yes ;;
    --at-hand) at_hand=yes ;;
    --budget | --append | --smp | --out)
        [[ $# -gt 1 ]] || refuse "$1 needs a word after it"
        case $1 in --budget) budget=$2 ;; --append) append=$2 ;; --smp) cpus=$2 ;; --out) out=$2 ;; esac
        shift
        ;;
    --help)
        usage
        exit
        ;;
    -*) refuse "$1: there is no such option; --help lists them" ;;
    *) names+=("$1") ;;
    esac
    shift
done
[[ $cpus =~ ^[1-8]$ ]] || refuse "--smp $cpus: from 1 to 8"
check_figures "${names[@]}"
[[ -n $linux || -f tests/bench/linux.tsv ]] || give_up "tests/bench/linux.tsv is missing: --linux --take makes it"
[[ -z $budget || -f $budget || -n $take ]] || give_up "$budget: there is no such budget; --take makes it"

work=$(mktemp -d "${TMPDIR:-/tmp}/bench.XXXXXX")
trap 'rm -rf "$work"' EXIT

# Linux as Debian has it, and without what costs most and has no counterpart here.
lean="init_on_alloc=0 hardened_usercopy=off cgroup_disable=memory,pressure audit=0 apparmor=0 security=none"

# measure KERNEL INITRAMFS NAME KERNEL_ARGUMENTS: a boot for the group that needs disks, and one for the others; the output goes
# to $work/NAME.
measure() {
    local words
    : >"$work/$3"
    for words in "$others" "$with_disks"; do
        [[ -n $words ]] || continue
        boot_bench "$1" "$2" "$work/boot" "$4" "$words"
        cat "$work/boot" >>"$work/$3"
    done
}

[[ -z $linux ]] || kernel=$(linux_kernel) || exit
build_bench walked softtlb
others=$(groups_of "${names[@]}" | grep -v '^reclaim$' | tr '\n' ' ') || true
with_disks=$(groups_of "${names[@]}" | grep '^reclaim$') || true
make_initramfs here
for back_end in walked softtlb; do
    measure "$work/kernel-$back_end.img" "$work/here.cpio" "$back_end" "loglevel=5${append:+ $append} init=/init"
done
table=(--walked "$work/walked" --softtlb "$work/softtlb")
if [[ -n $linux ]]; then
    cpus=1
    make_initramfs there "${kernel%/boot/*}/lib/modules"
    for variant in default lean; do
        measure "$kernel" "$work/there.cpio" "$variant" \
            "console=ttyAMA0 norandmaps panic=-1 loglevel=4 rdinit=/init$([[ $variant == default ]] || echo " $lean")"
        table+=("--linux-$variant" "$work/$variant")
    done
    table+=(--linux-version "${kernel##*/vmlinuz-}")
fi

compiler=$(arm-none-eabi-gcc -dumpversion)
if [[ -z $budget && $cpus -eq 1 && -z $append ]]; then
    budget=tests/bench/budget-gcc-${compiler%%.*}.tsv
    [[ -f $budget || -n $take ]] || complain "there is no budget for GCC ${compiler%%.*} ($budget): nothing to compare with"
fi
mkdir -p "$out"
tests/bench/table.py "${table[@]}" --budget "$budget" ${take:+--take} --gcc "$compiler" --out "$out" \
    --qemu "$(qemu-system-arm --version | sed -n '1s/.*version \([0-9.]*\).*/\1/p')" "${names[@]}"
