# shellcheck shell=bash
# --shell: a machine whose serial line is our terminal, with Debian's busybox as its shell. Sourced by qemu-run.sh.

# stage_shell: adds busybox and the files that it reads at start (user/shell) to the initramfs.
stage_shell() {
    local busybox tree=$scratch/shell
    busybox=$(bash -c 'source tests/conformance/lib.sh; fetch busybox-static') || exit "$UNAVAILABLE"
    cp -r user/shell "$tree"
    mkdir "$tree/bin" "$tree/root"
    install -m 755 "$busybox/bin/busybox" "$tree/bin/busybox"
    ln -s busybox "$tree/bin/sh"
    add_to_initramfs "$tree"
}

# terminal_arguments: prints the environment variables that tell process 1 about our terminal.
terminal_arguments() {
    local rows columns
    [[ -t $own_input ]] || return 0
    read -r rows columns < <(stty size <&"$own_input")
    [[ ${rows:-0} -eq 0 ]] || printf ' LINES=%s COLUMNS=%s' "$rows" "$columns"
    [[ ! ${TERM-} =~ ^[a-zA-Z0-9+.-]+$ ]] || printf ' TERM=%s' "$TERM"
}

# Input from a file or pipe ends as typing does: with ^D. It is sent again and again until QEMU has gone. The first line
# is empty and may be lost: when QEMU's UART switches its FIFO on, it drops a byte that waits.
type_input() {
    echo
    setpriv --pdeathsig TERM cat <&"$own_input"
    while printf '\004' 2>/dev/null; do sleep 1; done
}

# boot_terminal KERNEL_ARGUMENTS: one boot with our terminal as its serial line; sets `status` and `verdict`.
boot_terminal() {
    local started=$SECONDS keyboard=$own_input typist=
    if [[ ! -t $own_input ]]; then
        exec {keyboard}< <(type_input)
        typist=$!
    fi
    machine_command "$1" terminal
    "${command[@]}" <&"$keyboard" &
    machine=$!
    status=0
    wait "$machine" || status=$?
    machine=
    [[ -z $typist ]] || kill "$typist" 2>/dev/null || true
    judge "$status" "$started" "$scratch/console.log"
}
