#!/bin/bash
# Boots Faultline on an emulated ARMv7 machine; without arguments, shows the demonstration. `./qemu-run.sh --help` lists
# the options. This file checks what the user gave, before anything is built or booted; tools/run/ does the rest.
set -euo pipefail

usage() {
    cat <<'END'
./qemu-run.sh                         the demonstration: the hang, the cure, and a table of scenarios and repairs
./qemu-run.sh --all                   the same, with every scenario in the table
./qemu-run.sh --list                  the scenarios: a name and a sentence each
./qemu-run.sh --scenario NAME         runs one scenario in a boot of its own, with livelock=halt, and shows each step;
                                      uses the machine that the scenario needs
./qemu-run.sh --compare NAME          runs one scenario twice, with fault_in=gup (or --fault-in R) and with fault_in=fixup, and
                                      makes a page of both: build/compare/NAME.html, or --trace FILE.html
./qemu-run.sh --shell                 a shell on this terminal (fetches Debian's busybox the first time)
./qemu-run.sh --exec FILE [ARG...]    runs a static ARM Linux program of this computer, as a child of init
./qemu-run.sh --init PATH [ARG...]    runs this program of the initramfs as process 1

Options. They come before --exec and --init; all words after FILE or PATH are the program's arguments.
  --fault-in R      how a futex call repairs a fault: gup, gup_dirty, fixup_2011, fixup or trap
  --root DIR        add this tree to the initramfs (repeatable)
  --append "k=v ..."  more kernel arguments; those that the kernel does not know become process 1's environment
  --mem MIB         memory, 32 to 1024 (default 128)      --smp N         processors, 1 to 8 (default 1)
  --mmu M           walked: the hardware fills the TLB (default); softtlb: the kernel does (docs/backends.md)
  --disk FILE       a disk with the contents of FILE: /dev/vda; once more: /dev/vdb, and so on (at most 16)
  --new-disk MIB    an empty disk, for this run only      --swap MIB      the same, ready for swapon
  --disk-faults FILE  errors that the disk before it is to have: rules of QEMU's blkdebug (docs/writeback.md)
  --disk-speed KIB  how many KiB a second the disk before it reads and writes at most (docs/writeback.md)
  --disk-log FILE   all writes and flushes of the disk before it, as QEMU's blklogwrites notes them (docs/writeback.md)
  --legacy-virtio   devices as they were before virtio 1.0
  --trace FILE      writes what a fault passes (repeatable; docs/seeing.md). The ending of FILE says how: .txt lines (-: the
                    same to standard error), .html a page, .json for Perfetto, .dat for trace-cmd and KernelShark
  --trace-filter "station=NAME,... task=NAME cpu=N,... address=FROM-TO"   only these records
  --icount          count instructions: with one processor, no input and no disk, two runs are identical
  --debug           the kernel that checks itself: locks, stacks, and more (docs/debug-kernel.md)
  --gdb             wait for a debugger (docs/seeing.md); --timeout has no effect
  --timeout S       end the machine after S seconds (default 120; with --shell, never)
  --verbose         show the build and all kernel messages

Status: the program's own, or 128+n if signal n killed it; 70 livelock, 71 kernel panic, 72 timeout, 64 bad usage,
69 if packages, the build or QEMU fail. The demonstration: 0 if every cell is as expected, else 1.
END
}

complain() { printf 'qemu-run: %s\n' "$*" >&2; }

# refuse WHAT: prints one line on standard error, which names the option, and exits with the status of bad usage.
refuse() {
    complain "$*"
    exit 64
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
catalogue=$here/user/scenarios/catalogue.tsv
repairs=(gup gup_dirty fixup_2011 fixup trap)

mode=demo subject='' arguments=() all='' fault_in='' append='' roots=()
memory=128 cpus=1 mmu=walked icount='' preset=arm gdb='' timeout='' verbose=''
disks=() disk_faults=() disk_speeds=() disk_logs=() legacy_virtio='' traces=() trace_filter=''

source "$here/tools/run/elf.sh"
source "$here/tools/run/options.sh"
parse_options "$@"

if [[ $mode == list ]]; then
    awk -F '\t' '!/^#/ && NF { printf "%-36s %s\n", $1, $NF }' "$catalogue"
    exit 0
fi

{ exec {own_input}<&0; } 2>/dev/null || exec {own_input}</dev/null
cd "$here"
scratch=$(mktemp -d "${TMPDIR:-/tmp}/faultline.XXXXXX")
machine='' cells=()
back_ends=("$mmu") # their kernels are booted
[[ $mode != demo ]] || back_ends=(walked softtlb) # some scenarios need one of them

source tools/run/machine.sh
source tools/run/trace.sh
source tools/run/compare.sh
source tools/run/demo.sh
source tools/run/shell.sh

leave() {
    stop_machine
    finish_trace || true
    stop_cells
    rm -rf "$scratch"
}
interrupted() {
    trap - "$1" EXIT
    leave
    kill -s "$1" $$
}
trap leave EXIT
for signal in INT TERM HUP; do
    # shellcheck disable=SC2064 # expand the signal's name now, not when the trap runs
    trap "interrupted $signal" "$signal"
done

loglevel=5 # messages with a lower level are printed, as on Linux: warnings and worse
[[ -z $verbose ]] || loglevel=7
prepare
if [[ $mode == demo ]]; then
    demonstration && exit 0
    exit 1
fi

if [[ $mode == compare ]]; then
    check_memory
    compare
    exit "$status"
fi

kernel_arguments=loglevel=$loglevel
[[ -z $fault_in ]] || kernel_arguments+=" fault_in=$fault_in"
[[ ${#traces[@]} -eq 0 ]] || kernel_arguments+=" $(trace_arguments)"
for root in "${roots[@]}"; do add_to_initramfs "$root"; done
case $mode in
scenario)
    kernel_arguments+=" $(scenario_arguments)"
    ;;
shell)
    stage_shell
    kernel_arguments+="${append:+ $append}$(terminal_arguments) init=/etc/init"
    ;;
exec)
    stage_program "$subject" "${arguments[@]}"
    kernel_arguments+="${append:+ $append} init=/sbin/init -- exec"
    ;;
init)
    kernel_arguments+="${append:+ $append} $(quoted "init=$subject")${arguments[*]:+ --}"
    for argument in "${arguments[@]}"; do kernel_arguments+=" $(quoted "$argument")"; done
    ;;
esac
check_memory
check_command_line "$kernel_arguments"
[[ -z $gdb ]] || await_debugger

if [[ $mode == shell ]]; then
    boot_terminal "$kernel_arguments"
elif [[ $mode == scenario ]]; then
    boot "$kernel_arguments" console
else
    boot "$kernel_arguments" program
fi
[[ -z $verdict ]] || complain "status $status: $verdict"
finish_trace || exit "$UNAVAILABLE"
exit "$status"
