#!/bin/bash
# run.sh                          checks the retry loop in every combination, and compares with verdicts.txt
# run.sh REPAIR MACHINE START     one combination: its verdict, and where it hangs the steps that lead there and round
#
# A combination is three words of the first lines of retry_loop.pml. docs/model.md explains what is checked and how.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
model=$here/retry_loop.pml

words() { sed -n -E "s|^mtype = \{ ([a-z0-9_, ]+) \};.*/\* $1[^A-Z].*|\1|p" "$model" | tr -d ,; }
read -r -a repairs < <(words REPAIR)
read -r -a machines < <(words MACHINE)
read -r -a starts < <(words START)

# build REPAIR MACHINE START KIND [OPTION]: makes ./pan, the program that searches all the model's states.
build() {
    spin -DREPAIR="$1" -DMACHINE="$2" -DSTART="$3" ${5-} -a "$model" >spin.log || { cat spin.log; return 1; }
    gcc -w "$4" -o pan pan.c
}

# search OPTION...: runs it, up to the first error; else it must have seen everything.
search() {
    ./pan -m10000 -w18 "$@" >pan.log
    if grep -q -e 'max search depth too small' -e 'out of memory' pan.log || ! grep -q '^State-vector .* errors: [01]$' pan.log; then
        cat pan.log
        return 1
    fi
}

# Does every call end? Only cycles without progress that a fair machine can make; assertions are for laws().
ending() {
    build "$@" -DNP
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

# Do the assertions hold, and is nobody stuck on a lock?
laws() {
    build "$@" -DSAFETY -DLAW
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

# cell REPAIR MACHINE COLUMN: leaves the verdict in $work/REPAIR.MACHINE.COLUMN
cell() {
    mkdir "$work/$1.$2.$3.d"
    cd "$work/$1.$2.$3.d"
    if [[ $3 == laws ]]; then
        laws "$1" "$2" anything
    else
        ending "$@"
    fi >../"$1.$2.$3" || { cat "../$1.$2.$3" >&2; return 255; }
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
0)
    export -f build search ending laws cell
    export model work
    for column in anything laws "${starts[@]/anything/}"; do # the long ones first
        for repair in "${repairs[@]}"; do
            for machine in "${machines[@]}"; do
                [[ -z $column ]] || echo "$repair $machine $column"
            done
        done
    done | xargs -P "$(nproc)" -L 1 bash -euo pipefail -c 'cell "$@"' cell
    table >"$work/table"
    cat "$work/table"
    diff -u <(grep -v '^#' "$here/verdicts.txt") "$work/table" || { echo "run.sh: not what verdicts.txt expects" >&2; exit 1; }
    ;;
3)
    one_of "$1" "${repairs[@]}"
    one_of "$2" "${machines[@]}"
    one_of "$3" "${starts[@]}"
    cp "$model" "$work"
    cd "$work"
    model=retry_loop.pml # so that the steps name it without a path
    ending "$@"
    [[ ! -f $model.trail ]] || spin -DREPAIR="$1" -DMACHINE="$2" -DSTART="$3" -k $model.trail -p -g $model | grep -v claim
    ;;
*)
    sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}" >&2
    exit 64
    ;;
esac
