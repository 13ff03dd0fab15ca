# shellcheck shell=bash
# --trace: what the machine tells of its faults, and the file that is made of it. Sourced by qemu-run.sh.
#
# The kernel writes full buffers to a port of their own. Its memory is a file, too: whatever ends the machine, the records that
# had not left it are still there (kernel/debug/trace.hpp).

# add_trace_port: adds both to `command`.
add_trace_port() {
    local path=${scratch//,/,,}
    command=(env -C "$scratch" "${command[@]}" # the port is the file trace.port in QEMU's directory
        -object "memory-backend-file,id=ram,size=${memory}M,mem-path=$path/trace.ram,share=on")
    cp "build/$preset/faultline$(flavour "$mmu").elf" "$scratch/trace.elf" # the machine's own, whatever is built meanwhile
}

# trace_arguments: prints the kernel's arguments.
trace_arguments() { printf 'trace=port%s' "${trace_filter:+ $(quoted "trace_filter=$trace_filter")}"; }

# finish_trace: makes the file, once, if a machine has run. Fails if it cannot.
finish_trace() {
    [[ -n $trace && -e $scratch/trace.ram ]] || return 0
    touch "$scratch/trace.port"
    tools/trace/convert.py --port "$scratch/trace.port" --ram "$scratch/trace.ram" --elf "$scratch/trace.elf" --out "$trace" || {
        rm -f "$scratch/trace.ram"
        return 1
    }
    rm -f "$scratch/trace.ram"
}
