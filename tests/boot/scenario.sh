#!/bin/bash
# scenario.sh NAME REPAIR passes|hangs [OPTION...]: one scenario under one repair ends as the catalogue says. The scenario
# itself compares its calls of fault_in_user_writeable with the catalogue. Cured, it gives back all its memory.
source "$(dirname "$0")/lib.sh"
name=$1 repair=$2 expected=$3
machine=("${@:4}")
read -r -a needed < <(awk -F '\t' -v name="$name" '$1 == name && $9 != "-" { print $9 }' user/scenarios/catalogue.tsv)

run --scenario "$name" --fault-in "$repair" --timeout 100
if [[ $expected == hangs ]]; then
    check "$name hangs with $repair" equal "$status" 70
    check "the last line names the livelock" equal "$(tail -n 1 "$work/err")" "qemu-run: status 70: livelock"
    check "the kernel reports it" holds "$work/out" '^faultline: livelock: '
else
    check "$name passes with $repair" equal "$status" 0
    check "nothing on standard error" equal "$(cat "$work/err")" ""
fi
if [[ $repair == fixup ]]; then
    run "${needed[@]}" --fault-in fixup --timeout 100 --init /sbin/init scenario-balanced "$name" </dev/null
    check "$name gives back its memory" equal "$status" 0
fi
finish
