# shellcheck shell=bash
# --trace: what the machine tells of its faults, and the files that are made of it. Sourced by qemu-run.sh.
#
# The kernel writes full buffers to a port of their own. Its memory is a file, too: whatever ends the machine, the records that
# had not left it are still there (kernel/debug/trace.hpp).

recording=$scratch # the directory of both, trace.port and trace.ram

# add_trace_port: adds both to `command`.
add_trace_port() {
    command=(env -C "$recording" "${command[@]}" # the port is the file trace.port in QEMU's directory
        -object "memory-backend-file,id=ram,size=${memory}M,mem-path=${recording//,/,,}/trace.ram,share=on")
    cp "build/$preset/faultline$(flavour "$mmu").elf" "$scratch/trace.elf" || # the machine's own, whatever is built meanwhile
        exit "$UNAVAILABLE"
}

# trace_arguments: prints the kernel's arguments.
trace_arguments() { printf 'trace=port%s' "${trace_filter:+ $(quoted "trace_filter=$trace_filter")}"; }

# trace_title: prints what runs, for a page.
trace_title() {
    local machine=''
    [[ $mmu == walked && $cpus -eq 1 ]] || machine=", $mmu on $cpus CPUs"
    printf '%s%s%s' "${subject:-$mode}${arguments[*]:+ ${arguments[*]}}" "${fault_in:+, fault_in=$fault_in}" "${machine/%1 CPUs/1 CPU}"
}

# convert ARG...: tools/trace/convert.py for this kernel.
convert() { touch "$recording/trace.port" && tools/trace/convert.py --elf "$scratch/trace.elf" "$@"; }

# finish_trace: makes the files, once, if a machine has run. Fails if it cannot.
finish_trace() {
    [[ ${#traces[@]} -gt 0 && $mode != compare && -e $recording/trace.ram ]] || return 0
    local failed=''
    convert --run "$(trace_title)" "$recording" -- "${traces[@]}" || failed=yes
    rm -f "$recording/trace.ram"
    [[ -z $failed ]]
}
