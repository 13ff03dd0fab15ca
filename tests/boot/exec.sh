#!/bin/bash
# Programs from outside: one with newlib, one with Debian's glibc. Arguments, floating point, exit status, signals, and
# the three streams byte for byte.
source "$(dirname "$0")/lib.sh"

arm-linux-gnueabihf-gcc -O1 -static -o "$work/mirror" tests/boot/programs/mirror.c -lm || exit 1

run --exec build/arm/user/hello </dev/null
check "a newlib program runs" equal "$status" 0
check "and is heard" test -s "$work/out"
check "and only it" equal "$(cat "$work/err")" ""

run --exec "$work/mirror" arguments one 'two words' '' --verbose 'quo"te' '$x\n' $'new\nline' ünï </dev/null
check "arguments: status" equal "$status" 0
printf '%s\n' '2: [one]' '3: [two words]' '4: []' '5: [--verbose]' '6: [quo"te]' '7: [$x\n]' $'8: [new\nline]' '9: [ünï]' \
    >"$work/expected"
check "arguments arrive as they were" cmp "$work/out" "$work/expected"

run --exec "$work/mirror" root 2 </dev/null
check "floating point" equal "$(cat "$work/out")" 1.414214

for n in 0 1 42 64 70 71 72 124 139 255; do
    run --exec "$work/mirror" exit $n </dev/null
    check "exit status $n is the program's" equal "$status" $n
    check "and is not taken for the machine's" equal "$(cat "$work/err")" ""
done
for n in 6 9 11 15; do
    run --exec "$work/mirror" kill $n </dev/null
    check "signal $n" equal "$status" $((128 + n))
done

run --exec "$work/mirror" streams </dev/null
check "standard output is its own" equal "$(cat "$work/out")" "to output"
check "standard error is its own" equal "$(cat "$work/err")" "to error"

for input in build/arm/kernel.img /dev/null "$work/expected"; do
    run --exec "$work/mirror" copy <"$input"
    check "copy of $input: its end is seen" equal "$status" 0
    check "copy of $input: byte for byte" cmp "$work/out" "$input"
done
status=0
printf 'line\n' | ./qemu-run.sh "${machine[@]}" --exec "$work/mirror" copy 2>"$work/err" | cat >"$work/out" || status=$?
check "pipes" equal "$(cat "$work/out")" line

cp "$work/mirror" "$work/argv"
run --exec "$work/argv" root 9 </dev/null
check "a program called argv" equal "$(cat "$work/out")" 3.000000
finish
