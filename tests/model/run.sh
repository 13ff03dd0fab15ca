#!/bin/bash
# run.sh                          checks the retry loop in every combination, and compares with verdicts.txt
# run.sh lazy                     the same, with that machine only: on no other can more go wrong
# run.sh REPAIR MACHINE COLUMN    one of these verdicts, and if it is bad, the steps that lead there
#
# A combination is a row and a column of verdicts.txt. docs/model.md explains what is checked and how.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
model=$here/retry_loop.pml

words() { sed -n -E "s|^mtype = \{ (.+) \}; +/\* $1 \*/|\1|p" "$model" | tr -d ,; }
read -r -a repairs < <(words REPAIR)
read -r -a machines < <(words MACHINE)
read -r -a starts < <(words START)

# build KIND REPAIR MACHINE START [OPTION]: makes ./pan, the program that searches all states of the model so defined.
build() {
    defines=(-DREPAIR="$2" -DMACHINE="$3" -DSTART="$4" "${@:5}")
    spin "${defines[@]}" -a "$model" >spin.log || { cat spin.log; return 1; }
    gcc -w "$1" -o pan pan.c
}

# search OPTION...: runs ./pan up to the first error. Without an error it must have searched every state.
search() {
    ./pan -m10000 -w18 "$@" >pan.log
    if grep -q -e 'search depth too small' -e 'out of memory' pan.log || ! grep -q 'errors: [01]$' pan.log; then
        cat pan.log
        return 1
    fi
}

# ending REPAIR MACHINE START: does every call end? Counts only cycles that a fair machine can make; no assertions.
ending() {
    build -DNP "$@"
    search -l -f -A
    if grep -q 'errors: 0$' pan.log; then
        echo ends
    elif grep -q 'non-progress cycle' pan.log; then
        echo hangs
    else
        cat pan.log
        return 1
    fi
}

# laws REPAIR MACHINE: do the assertions hold, whatever happens, and does no process wait for the lock for ever?
laws() {
    build -DSAFETY "$@" anything -DLAW
    search
    if grep -q 'errors: 0$' pan.log; then
        echo kept
    elif grep -q 'assertion violated' pan.log; then
        echo broken
    else
        cat pan.log
        return 1
    fi
}

verdict() {
    if [[ $3 == laws ]]; then
        laws "$1" "$2"
    else
        ending "$@"
    fi
}

# cell REPAIR MACHINE COLUMN: leaves the verdict in $work/REPAIR.MACHINE.COLUMN
cell() {
    mkdir "$work/$1.$2.$3.d"
    cd "$work/$1.$2.$3.d"
    verdict "$@" >"../$1.$2.$3" || { cat "../$1.$2.$3" >&2; return 255; }
}

row() { printf '%-11s %-8s %-6s %-6s %-6s %-10s %-6s %-9s %s\n' "$@"; }

table() {
    row repair machine "${starts[@]}" laws
    for repair in "${repairs[@]}"; do
        for machine in "${machines[@]}"; do
            local verdicts=()
            for column in "${starts[@]}" laws; do
                verdicts+=("$(<"$work/$repair.$machine.$column")")
            done
            row "$repair" "$machine" "${verdicts[@]}"
        done
    done
}

one_of() { [[ " ${*:2} " == *" $1 "* ]] || { echo "run.sh: '$1' is none of: ${*:2}" >&2; exit 64; }; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

case $# in
0 | 1)
    [[ $# -eq 0 ]] || { one_of "$1" "${machines[@]}" && machines=("$1"); }
    export -f build search ending laws verdict cell
    export model work
    for column in anything laws "${starts[@]/anything/}"; do # the long ones first
        for repair in "${repairs[@]}"; do
            for machine in "${machines[@]}"; do
                [[ -z $column ]] || echo "$repair $machine $column"
            done
        done
    done | xargs -P "$(nproc)" -L 1 bash -euo pipefail -c 'cell "$@"' cell
    table | tee "$work/table"
    expected=$(awk -v machines=" machine ${machines[*]} " '!/^#/ && index(machines, " " $2 " ")' "$here/verdicts.txt")
    if ! diff -u <(echo "$expected") "$work/table"; then
        echo "run.sh: not what verdicts.txt says" >&2
        exit 1
    fi
    ;;
3)
    one_of "$1" "${repairs[@]}"
    one_of "$2" "${machines[@]}"
    one_of "$3" "${starts[@]}" laws
    cp -p "$model" "$work"
    cd "$work"
    model=retry_loop.pml # so that the steps name it without a path
    verdict "$@"
    [[ ! -f $model.trail ]] || spin "${defines[@]}" -k $model.trail -p -g $model | grep -v claim
    ;;
*)
    sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}" >&2
    exit 64
    ;;
esac
