#!/bin/bash
# scenarios.sh REPAIR NAME... [-- OPTION...]: scenarios that pass under this repair, all in one boot on the machine of these
# options, which must be one that the catalogue allows. Each is run as scenario.sh runs it in a boot of its own: it tells its
# story, and with `fixup` it runs again and gives back all its memory. One that ends the machine fails, and those behind it
# run in another boot. A line for each, and last `N passed, N failed`.
source "$(dirname "$0")/lib.sh"
repair=$1 names=() passed=0
shift
while [[ $# -gt 0 && $1 != -- ]]; do
    names+=("$1")
    shift
done
machine=("${@:2}")

# lines_of NAME: what init's batch is told.
lines_of() {
    echo "act $1"
    [[ $repair != fixup ]] || echo "scenario-balanced $1"
}

# judge NAME: sets `outcome`: passes, or why not; `ended` if there is no word of it, because the machine ended.
declare -A said=() # by init, of a line: its status
judge() {
    local line
    outcome=passes
    while read -r line; do
        case ${said[$line]-} in
        0) ;;
        '') outcome=ended && return ;;
        *) outcome="$line: status ${said[$line]}" && return ;;
        esac
    done < <(lines_of "$1")
}

while [[ ${#names[@]} -gt 0 ]]; do
    for name in "${names[@]}"; do lines_of "$name"; done >"$work/lines"
    run --fault-in "$repair" --append livelock=halt --timeout 100 --init /sbin/init batch <"$work/lines"
    while read -r code line; do said[$line]=$code; done < <(sed -n -E 's/^init: status ([0-9]+): /\1 /p' "$work/out")

    before=$failures outcome=
    while [[ ${#names[@]} -gt 0 && $outcome != ended ]]; do
        name=${names[0]}
        names=("${names[@]:1}")
        judge "$name"
        [[ $outcome != passes ]] || { passed=$((passed + 1)) && echo "ok $name"; }
        check "$name $outcome" equal "$outcome" passes
    done
    if [[ $failures -eq $before ]]; then
        check "the boot ends well" equal "$status" 0
        check "nothing on standard error" equal "$(cat "$work/err")" ""
    fi
done
echo "$passed passed, $failures failed"
finish
