#!/bin/bash
# --shell: the test types at busybox's shell. Needs Debian's busybox.
source "$(dirname "$0")/lib.sh"

[[ -d build/packages/busybox-static ]] || skip busybox

status=0
python3 tests/boot/terminal.py "${machine[@]}" >"$work/out" 2>"$work/err" || status=$?
check "typing at the shell" equal "$status" 0

run --shell --timeout 60 < <(printf 'echo sum $((6 * 7))\nfalse\n')
check "commands from a pipe: status" equal "$status" 0
check "commands from a pipe: output" holds "$work/out" $'^sum 42\r?$'

# The commands that look into the kernel, and what they say of what there is not.
run --shell --timeout 60 < <(printf '%s\n' 'trace on station=fault' 'pt $$ | head -n 2' 'explain $$' 'pte $$ 0x10000' \
    'pt' 'explain x' 'pte $$' 'pte $$ zzz' 'pte abc 0' 'pte $$ 1ff000' 'pte $$ 0x80000000' 'pte 9999 0' 'trace on station=bogus' 'trace on cpu=7' 'trace')
check "pt" holds "$work/out" '^[0-9a-f]{8}-[0-9a-f]{8} r-xp'
check "explain" holds "$work/out" '^The instruction at 0x[0-9a-f]+ used the address 0x'
check "pte" holds "$work/out" 'frame 0x[0-9a-f]+ present'
for said in '^pt PID' '^explain PID' '0x80000000 is not an address' 'there is no process 9999'; do
    check "commands that cannot do it: $said" holds "$work/out" "$said"
done
check "pte without an address, and with words" equal "$(grep -c '^pte PID ADDRESS[^:]*$' "$work/out")" 3
check "an address is hexadecimal" holds "$work/out" '^0x001ff000: '
check "trace without a word, with a station that is none, and with a CPU that is none" equal "$(grep -c '^trace on .station=' "$work/out")" 3
finish
