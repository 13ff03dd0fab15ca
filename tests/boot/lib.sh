# shellcheck shell=bash
# What the boot tests share. A test calls `check` for each thing it expects, and ends with `finish`. Its arguments are
# options of qemu-run.sh that say on which machine it runs: cmake/boot_tests.cmake has the usual two.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

export QEMU_RUN_BUILT=yes # tests/run.sh has built everything
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# A test with arguments of its own takes them away from these.
machine=("$@")

# run ARG...: ./qemu-run.sh on the machine, with these arguments, which may say it better; sets `status`, and leaves
# $work/out and $work/err.
run() {
    status=0
    ./qemu-run.sh "${machine[@]}" "$@" >"$work/out" 2>"$work/err" || status=$?
}

# check WHAT COMMAND...: the command must succeed.
check() {
    local what=$1
    shift
    if ! "$@"; then
        failures=$((failures + 1))
        echo "FAILED: $what"
        echo "  check: $*"
        echo "  status $status"
        sed 's/^/  out: /' "$work/out" | tail -n 40
        sed 's/^/  err: /' "$work/err" | tail -n 20
    fi
}

equal() { [[ $1 == "$2" ]] || { echo "  '$1' is not '$2'"; return 1; }; }
holds() { grep -q -E -- "$2" "$1"; } # holds FILE PATTERN
lacks() { ! grep -q -E -- "$2" "$1"; }

# image FILE BYTES: a disk whose byte n is as original() of tests/boot/programs/disk.h has it.
image() {
    python3 -c 'import sys
sys.stdout.buffer.write(bytes((n * 7 + n // 256 * 13 + n // 4096) & 255 for n in range(int(sys.argv[1]))))' "$2" >"$1"
}

# has FILE OFFSET TEXT: what is there in an image.
has() { equal "$(dd if="$1" bs=1 skip="$2" count="${#3}" status=none)" "$3"; }

# skip GROUP: the test runs a program of this group's packages, which tests/run.sh could not fetch.
skip() {
    echo "skipped: tests/conformance/run.sh --fetch $1 fetches what it runs"
    exit 77
}

finish() { [[ $failures -eq 0 ]] || exit 1; }
