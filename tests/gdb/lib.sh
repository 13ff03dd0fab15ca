# shellcheck shell=bash
# What the tests of tools/gdb/ share: a machine that waits for a debugger, and gdb with a script that looks into it.
source "$(dirname "${BASH_SOURCE[0]}")/../boot/lib.sh"

export PYTHONDONTWRITEBYTECODE=1

# program NAME: builds tests/gdb/NAME.c as $work/NAME. In ARM state, so that an address is where a function stops.
program() { arm-linux-gnueabihf-gcc -O1 -marm -static -pthread -Wall -Wextra -o "$work/$1" "tests/gdb/$1.c" || exit 1; }

# address_of PROGRAM FUNCTION: as a number.
address_of() { echo "0x$(arm-linux-gnueabihf-nm "$work/$1" | sed -n "s/ T $2\$//p")"; }

# gdb_connects SOCKET: waits until QEMU has made it.
gdb_connects() {
    local i
    for ((i = 0; i < 600; ++i)); do
        [[ ! -S $1 ]] || return 0
        sleep 0.05
    done
    return 1
}

# inside SCRIPT GDB ARG...: runs gdb with these arguments and the script of tests/gdb/. The status is what the script ends with;
# if it never gets there, 3.
inside() {
    timeout 200 "${@:2}" -nx -batch -x "tests/gdb/$1" -ex 'quit 3' >"$work/gdb" 2>&1 </dev/null
}

# debug SCRIPT SETTINGS OPTION...: starts ./qemu-run.sh --gdb with these options, and the debugger as that says, with the
# script of tests/gdb/ added and each word of SETTINGS assigned to a variable of gdb's before. Leaves $work/out and
# $work/err of the machine, and what gdb said in $work/gdb; `status` is gdb's.
debug() {
    local machine_pid said i socket settings=()
    for said in $2; do settings+=(-ex "set \$$said"); done
    ./qemu-run.sh --gdb "${machine[@]}" "${@:3}" >"$work/out" 2>"$work/err" </dev/null &
    machine_pid=$!
    for ((i = 0; i < 600; ++i)); do
        said=$(sed -n 's/^qemu-run: waiting for: \(.*\) (tools.*/\1/p' "$work/err")
        [[ -z $said ]] || break
        sleep 0.05
    done
    socket=$(sed -n "s/.*'target remote \(.*\)'$/\1/p" <<<"$said")
    status=0
    if [[ -n $socket ]] && gdb_connects "$socket"; then
        # The command of the message, with -x and -ex in its order, and ours behind it.
        eval "inside \"\$1\" $said -ex 'set confirm off' \"\${settings[@]}\"" || status=$?
    else
        status=69
    fi
    { kill "$machine_pid" && wait "$machine_pid"; } 2>/dev/null
}

# shows WHAT SCRIPT SETTINGS OPTION...: the script finds what it expects.
shows() {
    debug "${@:2}"
    check "$1" equal "$status" 0
    [[ $status -eq 0 ]] || sed 's/^/  gdb: /' "$work/gdb" | tail -n 60
}
