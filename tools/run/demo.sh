# shellcheck shell=bash
# The demonstration: acts in plain language, and a table. Every act and every cell of the table is a separate boot, and
# only its exit status decides the outcome. Sourced by qemu-run.sh; tools/run/machine.sh boots.

# Cells are boots in the background, at most one for each processor. `cells` holds their process ids; `cell_name` and
# `cell_started` describe each. A finished cell leaves its result in `outcome[NAME,CELL]`.
declare -A cell_name cell_started outcome
processors=$(nproc)

stop_cells() {
    [[ ${#cells[@]} -gt 0 ]] || return 0
    { kill "${cells[@]}" && wait "${cells[@]}"; } 2>/dev/null || true
    cells=()
}

log_of() { echo "$scratch/$1.$2.log"; }

# A cell is a repair; or gup* for gup on the machine that sets young and dirty itself, which only softtlb can be.
cells_of_row=("${repairs[@]}" 'gup*')
on_hardware='--mmu softtlb --append ad_bits=hardware'

# start_cell scenario|act NAME CELL: boots a scenario in the background; its serial line goes to a file. As an act,
# the scenario describes its steps.
start_cell() {
    local how=$1 log mmu=$mmu cpus=$cpus memory=$memory append='' disks=() disk_faults=() disk_speeds=() disk_logs=()
    [[ $how != act ]] || local icount=yes # so that the report counts instructions
    shift
    take_machine "$1"
    [[ $2 != *\* ]] || mmu=softtlb append+=" ad_bits=hardware"
    log=$(log_of "$@")
    machine_command "loglevel=$loglevel fault_in=${2%\*} livelock=halt${append:+ $append} init=/sbin/init -- $how $1" "$log"
    "${command[@]}" </dev/null >/dev/null 2>"$log.qemu" &
    cells+=($!)
    cell_name[$!]="$1 $2"
    cell_started[$!]=$SECONDS
}

# Waits until any cell ends, and records its outcome: passes, hangs, or its exit status.
finish_cell() {
    local pid='' code=0 name repair rest=() cell
    wait -n -p pid "${cells[@]}" || code=$?
    read -r name repair <<<"${cell_name[$pid]}"
    for cell in "${cells[@]}"; do [[ $cell == "$pid" ]] || rest+=("$cell"); done
    cells=("${rest[@]}")
    judge "$code" "${cell_started[$pid]}" "$(log_of "$name" "$repair")"
    case $status:$verdict in
    0:) outcome[$name,$repair]=passes ;;
    "$LIVELOCK:livelock") outcome[$name,$repair]=hangs ;;
    *) outcome[$name,$repair]="status $status" ;;
    esac
}

# catalogue_rows FIELD VALUE: prints the catalogue's rows without comments; if VALUE is not empty, only matching rows.
catalogue_rows() {
    awk -F '\t' -v field="$1" -v value="$2" '!/^#/ && NF && (value == "" || $field == value)' "$catalogue"
}

# act NAME CELL EXPECTED: boots a scenario, shows what the machine printed, and says how the program ended.
act() {
    printf '\n  $ ./qemu-run.sh --icount --scenario %s --fault-in %s\n\n' "$1" "${2/\*/ $on_hardware}"
    start_cell act "$1" "$2"
    finish_cell
    tr -d '\r' <"$(log_of "$1" "$2")" | fold -s -w 112 | sed 's/^/    | /'
    printf '\n  The program %s.\n' "${outcome[$1,$2]}"
    [[ ${outcome[$1,$2]} == "$3" ]] || disagreements+=("$1 with $2: ${outcome[$1,$2]}, expected: $3")
}

# table FIELD VALUE: runs the scenarios of these catalogue rows in each cell. Prints a row when all its cells are done.
table() {
    local row fields name cell queue=() names=() column printed=0
    local -A expected
    while IFS= read -r row; do
        IFS=$'\t' read -r -a fields <<<"$row"
        names+=("${fields[0]}")
        for column in "${!repairs[@]}"; do
            expected[${fields[0]},${repairs[column]}]=${fields[column + 1]}
        done
        expected[${fields[0]},gup*]=${fields[9]}
        for cell in "${cells_of_row[@]}"; do queue+=("${fields[0]} $cell"); done
    done < <(catalogue_rows "$1" "$2")

    printf '\n  %-36s' scenario
    printf ' %-10s' "${cells_of_row[@]}"
    printf '\n'
    while [[ ${#queue[@]} -gt 0 || ${#cells[@]} -gt 0 ]]; do
        while [[ ${#queue[@]} -gt 0 && ${#cells[@]} -lt $processors ]]; do
            read -r name cell <<<"${queue[0]}"
            start_cell scenario "$name" "$cell"
            queue=("${queue[@]:1}")
        done
        finish_cell
        while [[ $printed -lt ${#names[@]} ]] && row_is_done "${names[printed]}"; do
            print_row "${names[printed]}"
            printed=$((printed + 1))
        done
    done
}

row_is_done() {
    local cell
    for cell in "${cells_of_row[@]}"; do [[ -n ${outcome[$1,$cell]-} ]] || return 1; done
}

print_row() {
    local cell shown
    printf '  %-36s' "$1"
    for cell in "${cells_of_row[@]}"; do
        shown=${outcome[$1,$cell]}
        if [[ $shown != "${expected[$1,$cell]}" ]]; then
            disagreements+=("$1 with $cell: $shown, expected: ${expected[$1,$cell]}")
            shown+=" (!)"
        fi
        printf ' %-10s' "$shown"
    done
    printf '\n'
}

demonstration() {
    local disagreements=()
    source tools/run/acts.sh
    if [[ ${#disagreements[@]} -gt 0 ]]; then
        printf '\n'
        printf 'qemu-run: not as expected: %s\n' "${disagreements[@]}" >&2
        return 1
    fi
    printf '\nEvery outcome is the expected one.\n'
    printf 'To see both sides of acts 1 and 2 on one page: ./qemu-run.sh --compare original-report\n'
}
