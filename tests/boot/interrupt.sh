#!/bin/bash
# After an interrupt, no QEMU and no files are left. A timeout ends the machine. Two runs at the same time do not
# disturb each other.
source "$(dirname "$0")/lib.sh"
export TMPDIR=$work/tmp
mkdir "$TMPDIR"
arm-linux-gnueabihf-gcc -O1 -static -o "$work/mirror" tests/boot/programs/mirror.c -lm || exit 1

# An input that has no data and no end.
mkfifo "$work/silence"
exec {silence}<>"$work/silence"

# Counts the QEMU processes that work in our directory. It does without procps, which a fresh Debian lacks.
machines() {
    grep -l -a -F "$TMPDIR" /proc/[0-9]*/cmdline 2>/dev/null | xargs -r grep -l -a -F qemu-system-arm 2>/dev/null | wc -l
}

# A background job of a script ignores SIGINT from its start; `env --default-signal` undoes that.
for signal in INT TERM HUP KILL; do
    status=0
    env --default-signal=INT ./qemu-run.sh --exec "$work/mirror" copy <&"$silence" >"$work/out" 2>"$work/err" &
    script=$!
    for ((i = 0; i < 100; i++)); do
        [[ $(machines) -eq 0 ]] || break
        sleep 0.1
    done
    check "the machine runs before SIG$signal" test "$(machines)" -gt 0
    kill -s "$signal" "$script"
    { wait "$script" || status=$?; } 2>/dev/null
    check "SIG$signal ends the script" equal "$status" $((128 + $(kill -l "$signal")))
    for ((i = 0; i < 50; i++)); do
        [[ $(machines) -gt 0 ]] || break
        sleep 0.1
    done
    check "SIG$signal leaves no QEMU" equal "$(machines)" 0
    [[ $signal == KILL ]] || check "SIG$signal leaves no files" equal "$(ls "$TMPDIR")" ""
done

status=0
./qemu-run.sh --timeout 2 --exec "$work/mirror" copy <&"$silence" >"$work/out" 2>"$work/err" || status=$?
check "a timeout is status 72" equal "$status" 72
check "and is named" equal "$(tail -n 1 "$work/err")" "qemu-run: status 72: timeout after 2 seconds"

for n in 1 2; do
    ./qemu-run.sh --exec "$work/mirror" arguments "run $n" </dev/null >"$work/out.$n" 2>&1 &
    scripts[n]=$!
done
for n in 1 2; do
    status=0
    wait "${scripts[n]}" || status=$?
    check "run $n of two at once" equal "$status" 0
    check "has its own output" equal "$(cat "$work/out.$n")" "2: [run $n]"
done
finish
