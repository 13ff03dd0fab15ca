# shellcheck shell=bash
# One emulated machine: its build, its command line, its input and output, and its end. Sourced by qemu-run.sh. It uses
# the options of qemu-run.sh ($memory, $mmu, $icount, $preset, $timeout, $verbose) and its private directory, $scratch.

# flavour MMU: the suffix of a back end's images: none for `walked`, the back end's name for the others.
flavour() { [[ $1 == walked ]] || echo "-$1"; }

LIVELOCK=70 PANIC=71 TIMEOUT=72 UNAVAILABLE=69

# Installs missing packages, builds what has changed, and copies the images, so that another build in this checkout
# cannot change them while the machine runs. A lock lets one process at a time do this.
prepare() {
    mkdir -p build
    exec {lock}>build/.lock
    flock "$lock"
    if [[ -z ${QEMU_RUN_BUILT-} ]]; then
        tools/setup.sh run || exit "$UNAVAILABLE"
        if [[ ! -f build/$preset/kernel$(flavour "$mmu").img && ($mode == demo || -t 2) ]]; then
            complain "building, for a minute or so the first time"
        fi
        if ! build >"$scratch/build.log" 2>&1; then
            cat "$scratch/build.log" >&2
            complain "the build failed; its messages are above"
            exit "$UNAVAILABLE"
        fi
        [[ -z $verbose ]] || cat "$scratch/build.log" >&2
    fi
    local each
    for each in "${back_ends[@]}"; do cp "build/$preset/kernel$(flavour "$each").img" "$scratch/kernel-$each.img"; done
    cp build/arm/initramfs.cpio "$scratch/initramfs.cpio"
    exec {lock}>&-
}

build() {
    local each images=()
    for each in "${back_ends[@]}"; do images+=("faultline$(flavour "$each")_image"); done
    build_targets "$preset" "${images[@]}" && build_targets arm initramfs # programs are the same for every kernel
}

# build_targets PRESET TARGET...: builds these targets; configures the preset first if that has not been done.
build_targets() {
    [[ -f build/$1/build.ninja ]] || cmake --preset "$1" || return
    cmake --build --preset "$1" --target "${@:2}"
}

# add_to_initramfs DIRECTORY: appends a directory to this machine's initramfs. Its files replace earlier ones.
add_to_initramfs() {
    tools/initramfs.sh "$1" "$scratch/overlay.cpio"
    cat "$scratch/overlay.cpio" >>"$scratch/initramfs.cpio"
}

# check_memory: refuses a memory size that is too small. QEMU loads the initramfs at half of memory, but at most at 128
# MiB; the initramfs and the device tree must fit behind that address.
check_memory() {
    local size=$(($(stat -c %s "$scratch/initramfs.cpio") >> 20)) start=$((memory / 2 < 128 ? memory / 2 : 128))
    [[ $((start + size + 2)) -le $memory ]] ||
        refuse "--mem $memory: too small for an initramfs of $size MiB"
}

# machine_command KERNEL_ARGUMENTS CONSOLE: sets the array `command` to a QEMU command without input. The output of the
# serial line goes to the file or fifo CONSOLE. If CONSOLE is `terminal`, the serial line is our terminal, and ^A begins
# QEMU's own keys.
machine_command() {
    local board=virt${traces:+,memory-backend=ram} console="file,id=console,path=${2//,/,,}" limit=(timeout)
    [[ -z $icount ]] || board+=,dtb-randomness=off
    if [[ $2 == terminal ]]; then
        console="stdio,id=console,mux=on,signal=off,logfile=${scratch//,/,,}/console.log"
        limit=(timeout --foreground) # stays in our process group, so that it may read from the terminal
    fi
    command=(setpriv --pdeathsig TERM "${limit[@]}" --kill-after 5 "$timeout"
        qemu-system-arm -M "$board" -cpu cortex-a15 -smp "$cpus" -m "$memory" -nodefaults -nic none -display none
        -monitor none -no-reboot -semihosting-config enable=on,target=native
        -kernel "$scratch/kernel-$mmu.img" -initrd "$scratch/initramfs.cpio" -append "$1"
        -chardev "$console" -serial chardev:console)
    if [[ -z $icount ]]; then
        command+=(-accel tcg,thread=multi) # each processor is a thread: they run in parallel
    else # no randomness in the device tree, and time counted in instructions: two runs are identical
        command+=(-icount shift=0,sleep=off -seed 1 -rtc base=2011-07-26,clock=vm)
    fi
    # Without ioeventfd a device answers at once: QEMU 10 otherwise lets another thread answer, so that the guest waits for
    # a different number of instructions each time.
    command+=(-global "virtio-mmio.force-legacy=${legacy_virtio:-no}" -global virtio-mmio.ioeventfd=off)
    add_disks
    [[ ${#traces[@]} -eq 0 ]] || add_trace_port
    [[ -z $gdb ]] || command+=(-S -gdb "unix:${scratch//,/,,}/gdb,server=on,wait=off")
}

# Adds the disks to `command`, each as its own file: no snapshot, no cache of QEMU's own. What the guest has flushed is in
# the file; an error of the file is the guest's to see. A file that may not be written is a disk that cannot be. With a log, a
# flush waits for nothing on the host. So its place in the log is the moment at which the guest has asked for it.
add_disks() {
    local i path layer options # layer: what the next words describe
    for i in "${!disks[@]}"; do
        layer=file path=${disks[i]}
        [[ $path != new:* ]] || path=$(make_disk "$path")
        options=if=none,id=disk$i,format=raw,cache=writeback,werror=report,rerror=report
        [[ -w $path && $(stat -L -c %A -- "$path") == *w* ]] || options+=,readonly=on # root may write all
        if [[ -n ${disk_logs[i]} ]]; then
            { : >"${disk_logs[i]}"; } 2>/dev/null || refuse "--disk-log: ${disk_logs[i]}: cannot be made"
            options+=",$layer.driver=blklogwrites,$layer.log.driver=file,$layer.log.filename=${disk_logs[i]//,/,,}"
            options+=",$layer.log.cache.no-flush=on"
            layer+=.file
        fi
        if [[ -n ${disk_faults[i]} ]]; then
            options+=",$layer.driver=blkdebug,$layer.config=${disk_faults[i]//,/,,}"
            layer+=.image
        fi
        options+=",$layer.driver=file,$layer.filename=${path//,/,,}"
        [[ -z ${disk_logs[i]} ]] || options+=",$layer.cache.no-flush=on"
        [[ -z ${disk_speeds[i]} ]] || options+=",throttling.bps-total=$((disk_speeds[i] * 1024))"
        command+=(-drive "$options" -device "virtio-blk-device,drive=disk$i")
    done
}

# make_disk new:new-disk|swap:MIB: a disk of zeros, or an empty swap area, in a file of its own; prints the file's path.
make_disk() {
    local file
    file=$(mktemp "$scratch/disk.XXXXXX")
    truncate -s "${1##*:}M" "$file"
    [[ $1 != new:swap:* ]] || PATH=$PATH:/usr/sbin:/sbin mkswap -q "$file"
    echo "$file"
}

# Adds a port for each of the program's standard streams to `command`. Standard input is QEMU's standard input. It has a
# port of its own, because QEMU closes a port at the end of its input and discards what is written to a closed port.
add_program_ports() {
    local path=${scratch//,/,,}
    command+=(-device virtio-serial-device
        -chardev stdio,id=stdin -device virtserialport,chardev=stdin,name=stdin,nr=1
        -chardev "file,id=stdout,path=$path/stdout" -device virtserialport,chardev=stdout,name=stdout,nr=2
        -chardev "file,id=stderr,path=$path/stderr" -device virtserialport,chardev=stderr,name=stderr,nr=3)
}

# kernel_verdict LOG: prints "livelock" or "panic" if the last line of the log says so, else nothing. The exit status
# alone does not tell, because a program may also exit with 70 or 71; only the kernel ends its log with such a line.
kernel_verdict() {
    tr -d '\r' <"$1" | grep -v '^$' | tail -n 1 | sed -n -E 's/^(\[[ 0-9.]*\] )?faultline: (livelock|panic): .*/\2/p'
}

# judge STATUS STARTED LOG: sets `status`. Sets `verdict` if the status comes from the machine and not from the program.
judge() {
    status=$1 verdict=
    if [[ $status -eq 124 && $timeout -gt 0 && $((SECONDS - $2)) -ge $timeout ]]; then
        status=$TIMEOUT verdict="timeout after $timeout seconds"
    elif [[ $status -eq $LIVELOCK && $(kernel_verdict "$3") == livelock ]]; then
        verdict=livelock
    elif [[ $status -eq $PANIC && $(kernel_verdict "$3") == panic ]]; then
        verdict="kernel panic"
    fi
}

# relay NAME COMMAND...: makes the fifo $scratch/NAME and runs COMMAND with its input from there; QEMU writes to it. We
# keep the fifo open, so that opening it blocks neither side. release_relays closes it, and the commands read the end of
# input.
relay() {
    local name=$1 hold reading
    shift
    mkfifo "$scratch/$name"
    exec {hold}<>"$scratch/$name"
    exec {reading}<"$scratch/$name"
    holds+=("$hold")
    (
        for hold in "${holds[@]}"; do exec {hold}>&-; done
        exec "$@"
    ) <&"$reading" &
    relays+=($!)
    exec {reading}<&-
}

release_relays() {
    local hold
    for hold in "${holds[@]}"; do exec {hold}>&-; done
    wait "${relays[@]}" || true
    rm -f "$scratch"/{console,stdin,stdout,stderr}
}

# boot KERNEL_ARGUMENTS console|program: one boot in the foreground; sets `status` and `verdict`. With `console`, the
# serial line is standard output and there is no input. With `program`, standard input, output and error are the
# program's, and the serial line goes to standard error. QEMU writes to fifos, because it can open them whatever our own
# streams are (a socket, a terminal, a closed pipe). It also reads from one, so that it cannot change the mode of our
# terminal or file.
boot() {
    local started=$SECONDS input='' feed=/dev/null ended
    # The kernel ends a line with a carriage return, for terminals; here it is removed.
    local show_console=(env LC_ALL=C sed -u -e 's/\r$//' -e "w $scratch/console.log")
    holds=() relays=()
    machine_command "$1" "$scratch/console"
    if [[ $2 == program ]]; then
        add_program_ports
        feed=$scratch/stdin
        mkfifo "$feed"
        setpriv --pdeathsig TERM cat <&"$own_input" >"$feed" &
        input=$!
        relay stdout cat
        relay stderr cat >&2
        relay console "${show_console[@]}" >&2
    else
        relay console "${show_console[@]}"
    fi

    "${command[@]}" <"$feed" >/dev/null 2>"$scratch/qemu.log" &
    machine=$!
    status=0
    wait -n -p ended "$machine" "${relays[0]}" || status=$?
    if [[ $ended == "$machine" ]]; then
        machine=
    else # the reader of our output has gone: end with the status of SIGPIPE
        stop_machine
        status=141
    fi
    [[ -z $input ]] || { kill "$input" && wait "$input"; } 2>/dev/null || true
    release_relays

    if [[ $status -eq 1 && -s $scratch/qemu.log && ! -s $scratch/console.log ]]; then
        complain "QEMU did not start: $(head -n 1 "$scratch/qemu.log")"
        exit "$UNAVAILABLE"
    fi
    judge "$status" "$started" "$scratch/console.log"
}

stop_machine() {
    [[ -n $machine ]] || return 0
    { kill "$machine" && wait "$machine"; } 2>/dev/null || true
    machine=
}

# stage_program FILE [ARG...]: puts a program of this computer, and its arguments, where init looks for them.
stage_program() {
    local name=${1##*/} tree=$scratch/overlay
    [[ $name != argv ]] || name=argv.program # the list of arguments, next to it, has the name argv
    mkdir -p "$tree/exec"
    install -m 755 -- "$1" "$tree/exec/$name"
    shift
    printf '%s\0' "/exec/$name" "$@" >"$tree/exec/argv"
    [[ $# -lt 4000 && $(stat -c %s "$tree/exec/argv") -lt 131072 ]] || refuse "--exec: more arguments than init takes"
    add_to_initramfs "$tree"
}

# quoted WORD: prints WORD for the kernel's command line: in double quotes unless all its characters are plain.
quoted() {
    if [[ $1 =~ ^[A-Za-z0-9_./=,:+@%-]+$ ]]; then
        printf '%s' "$1"
    else
        printf '"%s"' "$1"
    fi
}

# check_command_line KERNEL_ARGUMENTS: refuses a command line longer than COMMAND_LINE_SIZE
# (arch/arm/arch/boot_info.hpp) permits, in bytes.
check_command_line() {
    local LC_ALL=C
    [[ ${#1} -lt 2048 ]] || refuse "--$mode: the kernel's command line would be ${#1} characters, and holds 2047"
}

# Says how to connect a debugger to the machine that is about to start. It comes in through a socket that only this user
# can reach.
await_debugger() {
    timeout=0
    complain "waiting for: gdb-multiarch build/$preset/faultline$(flavour "$mmu").elf -x tools/gdb/faultline.py" \
        "-ex 'target remote $scratch/gdb' (tools/setup.sh debug installs it; docs/seeing.md)"
}
