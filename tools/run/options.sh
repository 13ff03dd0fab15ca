# shellcheck shell=bash
# The options of qemu-run.sh. Each is checked here as far as possible without building or booting anything.

# number OPTION VALUE LOW HIGH WHAT: refuses VALUE unless it is a decimal number from LOW to HIGH.
number() {
    [[ $2 =~ ^[0-9]{1,9}$ ]] && ((10#$2 >= $3 && 10#$2 <= $4)) || refuse "$1: must be $5 from $3 to $4, not '$2'"
}

# The options that were given, for take_machine.
given=()

# set_mode MODE OPTION: sets what to boot. Refuses a second option of this kind.
set_mode() {
    [[ $mode == demo ]] || refuse "$2: cannot be combined with --$mode"
    mode=$1
}

parse_options() {
    local option
    while [[ $# -gt 0 ]]; do
        option=$1
        given+=("$option")
        shift
        case $option in
        --scenario | --compare | --exec | --init | --fault-in | --root | --append | --smp | --mem | --mmu | --disk | \
            --disk-faults | --disk-speed | --disk-log | --new-disk | --swap | --timeout | --trace | --trace-filter)
            [[ $# -gt 0 ]] || refuse "$option: needs a value"
            take_value "$option" "$1"
            shift
            ;;
        --help)
            usage
            exit 0
            ;;
        --list) set_mode list --list ;;
        --all) all=yes ;;
        --shell) set_mode shell --shell ;;
        --icount) icount=yes ;;
        --legacy-virtio) legacy_virtio=yes ;;
        --debug) preset=debug ;;
        --gdb) gdb=yes ;;
        --verbose) verbose=yes ;;
        -*) refuse "$option: unknown option (--help lists them)" ;;
        *) refuse "$option: unexpected argument (--help tells the usage)" ;;
        esac
        if [[ $option == --exec || $option == --init ]]; then
            arguments=("$@")
            break
        fi
    done
    check_together
}

take_value() {
    local value=$2 defect
    case $1 in
    --scenario | --compare)
        set_mode "${1#--}" "$1"
        [[ $value =~ ^[A-Za-z0-9._+-]+$ ]] && awk -F '\t' -v name="$value" \
            '$1 == name { found = 1 } END { exit !found }' "$catalogue" ||
            refuse "$1: there is no scenario '$value' (--list lists them)"
        subject=$value
        ;;
    --exec)
        set_mode exec --exec
        defect=$(elf_defect "$value")
        [[ -z $defect ]] || refuse "--exec: $value: $defect"
        subject=$value
        [[ $value == /* ]] || subject=$PWD/$value
        ;;
    --init)
        set_mode init --init
        subject=$value
        ;;
    --fault-in)
        [[ " ${repairs[*]} " == *" $value "* && $value != *' '* ]] ||
            refuse "--fault-in: must be one of ${repairs[*]}, not '$value'"
        fault_in=$value
        ;;
    --root)
        [[ -d $value ]] || refuse "--root: $value: not a directory"
        defect=$(find -H "$value" ! -type l ! -readable -print -quit 2>/dev/null || true)
        [[ -z $defect ]] || refuse "--root: $defect: not readable"
        roots+=("$(cd -- "$value" && pwd)")
        ;;
    --append)
        check_append "$value"
        append+=${append:+ }$value
        ;;
    --smp)
        number --smp "$value" 1 8 "a number of processors"
        cpus=$((10#$value))
        ;;
    --mem)
        number --mem "$value" 32 1024 "a number of MiB"
        memory=$((10#$value))
        ;;
    --mmu)
        case $value in
        walked | softtlb) mmu=$value ;;
        *) refuse "--mmu: must be walked or softtlb, not '$value'" ;;
        esac
        ;;
    --disk)
        check_disk "$value"
        disks+=("$(absolute "$value")")
        disk_faults+=("") disk_speeds+=("") disk_logs+=("")
        ;;
    --disk-faults)
        [[ ${#disks[@]} -gt 0 ]] || refuse "--disk-faults: needs a --disk before it"
        check_disk_faults "$value"
        disk_faults[-1]=$(absolute "$value")
        ;;
    --disk-speed)
        [[ ${#disks[@]} -gt 0 ]] || refuse "--disk-speed: needs a --disk before it"
        number --disk-speed "$value" 1 1048576 "a number of KiB a second"
        disk_speeds[-1]=$((10#$value))
        ;;
    --new-disk | --swap)
        number "$1" "$value" 1 4096 "a number of MiB"
        room_for_disk "$1"
        disks+=("new:${1#--}:$((10#$value))") # make_disk makes it for each boot
        disk_faults+=("") disk_speeds+=("") disk_logs+=("")
        ;;
    --disk-log)
        [[ ${#disks[@]} -gt 0 ]] || refuse "--disk-log: needs a --disk before it"
        [[ -n $value ]] || refuse "--disk-log: needs the name of a file"
        value=$(realpath -m -- "$value")
        check_log "$value"
        disk_logs[-1]=$value
        ;;
    --trace)
        [[ $value == - || -z $value ]] || value=$(realpath -m -- "$value")
        check_trace_file "$value"
        traces+=("$value")
        ;;
    --trace-filter)
        trace_filter+=${trace_filter:+ }$value
        check_trace_filter "$trace_filter"
        ;;
    --timeout)
        number --timeout "$value" 1 86400 "a number of seconds"
        timeout=$((10#$value))
        ;;
    esac
}

absolute() { if [[ $1 == /* ]]; then echo "$1"; else echo "$PWD/$1"; fi; }

# check_disk FILE: refuses what cannot be a disk. A disk has whole sectors.
check_disk() {
    local size each
    [[ -e $1 ]] || refuse "--disk: $1: no such file"
    [[ ! -d $1 ]] || refuse "--disk: $1: is a directory"
    [[ -f $1 ]] || refuse "--disk: $1: not a regular file"
    [[ -r $1 ]] || refuse "--disk: $1: not readable"
    size=$(stat -L -c %s -- "$1")
    [[ $size -gt 0 ]] || refuse "--disk: $1: is empty"
    [[ $((size % 512)) -eq 0 ]] || refuse "--disk: $1: has $size bytes, which is no multiple of 512"
    [[ $size -lt $((1 << 43)) ]] || refuse "--disk: $1: has 8 TiB or more: there are not so many page numbers"
    for each in "${disks[@]}" "${disk_logs[@]}"; do
        [[ ! $1 -ef $each ]] || refuse "--disk: $1: was given twice"
    done
    room_for_disk "--disk: $1"
}
room_for_disk() { [[ ${#disks[@]} -lt 16 ]] || refuse "$1: there can be 16 disks at most"; }

# check_disk_faults FILE: refuses what QEMU cannot read as rules.
check_disk_faults() {
    local wrong
    [[ -f $1 && -r $1 ]] || refuse "--disk-faults: $1: not a readable file"
    wrong=$(grep -n -v -E '^[[:space:]]*(#.*|\[(inject-error|set-state)\][[:space:]]*|[a-z_-]+ = "[^"]*"[[:space:]]*)?$' -- "$1" | head -n 1 || true)
    [[ -z $wrong ]] || refuse "--disk-faults: $1: line ${wrong%%:*} is neither [inject-error], [set-state] nor name = \"value\""
}

# check_log FILE: refuses what cannot become a new file. It is made when the machine starts.
check_log() {
    local each
    [[ ! -e $1 || -f $1 ]] || refuse "--disk-log: $1: not a regular file"
    [[ -d $(dirname -- "$1") ]] || refuse "--disk-log: $1: there is no such directory"
    [[ -w $1 || (! -e $1 && -w $(dirname -- "$1")) ]] || refuse "--disk-log: $1: may not be written"
    for each in "${disks[@]}"; do
        [[ ! $1 -ef $each ]] || refuse "--disk-log: $1: is a disk"
    done
    for each in "${disk_logs[@]}"; do
        [[ $1 != "$each" ]] || refuse "--disk-log: $1: was given twice"
    done
}

# check_trace_file FILE: the ending decides about the form. The file is made when the machine has ended; whether that is possible
# is tried now.
check_trace_file() {
    local each
    for each in "${traces[@]}"; do
        [[ $1 != "$each" && ! $1 -ef $each ]] || refuse "--trace: $1: was given twice"
    done
    [[ $1 != - ]] || return 0
    [[ $1 =~ [^/]\.(txt|json|dat|html)$ ]] || refuse "--trace: $1: must end in .txt, .json, .dat or .html, or be -"
    [[ ! -e $1 || -f $1 ]] || refuse "--trace: $1: not a regular file"
    [[ -d $(dirname -- "$1") ]] || refuse "--trace: $1: there is no such directory"
    each=$(stat -c exists -- "$1" 2>/dev/null || true)
    { : >>"$1"; } 2>/dev/null || refuse "--trace: $1: may not be written"
    [[ -n $each ]] || rm -f -- "$1"
}

# check_compare: both boots stand on one page.
check_compare() {
    [[ ${#traces[@]} -lt 2 ]] || refuse "--trace: --compare makes one page"
    [[ ${#traces[@]} -eq 0 || ${traces[0]} == *.html ]] || refuse "--trace: ${traces[0]}: must end in .html with --compare"
    [[ -z $gdb ]] || refuse "--gdb: cannot be combined with --compare"
    [[ ${#traces[@]} -gt 0 ]] || traces=("$here/build/compare/$subject.html")
    icount=yes
}

# check_trace_filter WORDS: each word may stand there once, as all must agree. The names of stations are those of base/stations.def.
check_trace_filter() {
    local word name names words each low seen=' ' LC_ALL=C
    names=" $(sed -n -E 's/^STATION\(\w+, "(\w+)", "(\w+)".*/\1 \2/p' "$here/base/stations.def" | tr '\n' ' ')"
    [[ $1 != *[!\ -~]* ]] || refuse "--trace-filter: may only hold printable ASCII characters"
    read -r -a words <<<"$1"
    [[ ${#words[@]} -gt 0 ]] || refuse "--trace-filter: needs station=, task=, cpu= or address="
    for word in "${words[@]}"; do
        name=${word%%=*} each=${word#*=}
        [[ $seen != *" $name "* ]] || refuse "--trace-filter: $name= was given twice"
        seen+="$name "
        case $word in
        station=?*)
            [[ ,$each, != *,,* ]] || refuse "--trace-filter: $word: must be names, with a comma between two"
            while read -r -d , name; do
                [[ $names == *" $name "* ]] || refuse "--trace-filter: there is no station '$name' (base/stations.def lists them)"
            done <<<"$each,"
            ;;
        task=?*)
            [[ $each != *[\"\;]* && ${#each} -lt 16 ]] || refuse "--trace-filter: $word: no name of a task"
            [[ $each == *[!0-9]* || $each =~ ^0*[1-9][0-9]{0,8}$ ]] || refuse "--trace-filter: $word: no number of a task"
            ;;
        cpu=*) [[ $each =~ ^[0-7](,[0-7])*$ ]] || refuse "--trace-filter: $word: must be numbers from 0 to 7" ;;
        address=*)
            [[ $each =~ ^(0[xX])?[0-9a-fA-F]{1,8}-(0[xX])?[0-9a-fA-F]{1,8}$ ]] ||
                refuse "--trace-filter: $word: must be FROM-TO, hexadecimal"
            each=${each//0[xX]/} low=${each%-*}
            ((16#$low <= 16#${each#*-})) || refuse "--trace-filter: $word: ends before it begins"
            ;;
        *) refuse "--trace-filter: $word: must be station=, task=, cpu= or address=" ;;
        esac
    done
}

# check_filter_cpus: the filter's CPUs are the machine's.
check_filter_cpus() {
    local words word cpu
    read -r -a words <<<"$trace_filter"
    for word in "${words[@]}"; do
        [[ $word == cpu=* ]] || continue
        for cpu in ${word//[!0-9]/ }; do
            ((cpu < cpus)) || refuse "--trace-filter: $word: the machine has no CPU $cpu (--smp $cpus)"
        done
    done
}

# take_machine NAME: applies the options that a scenario needs according to the catalogue. With --scenario, an option
# given by the user that contradicts them is refused; more processors than needed are allowed. In the demonstration each
# row has its own machine.
take_machine() {
    local option value words
    read -r -a words < <(awk -F '\t' -v name="$1" '$1 == name { print $9 }' "$catalogue")
    [[ ${words[0]} != - ]] || return 0
    set -- "$1" "${words[@]}"
    while [[ $# -gt 1 ]]; do
        option=$2 value=$3
        if [[ $option == --append ]]; then
            append="$value${append:+ $append}"
        elif [[ $option == --new-disk || $option == --swap ]]; then
            [[ ${#disks[@]} -eq 0 ]] || refuse "--disk: $1 has a disk of its own"
            take_value "$option" "$value"
        elif [[ $mode == demo || " ${given[*]} " != *" $option "* ]]; then
            take_value "$option" "$value"
        elif [[ $option == --smp ]]; then
            [[ $cpus -ge $value ]] || refuse "--smp: $1 needs $value processors, not $cpus"
        elif [[ $option == --mmu ]]; then
            [[ $mmu == "$value" ]] || refuse "--mmu: $1 needs $value, not $mmu"
        elif [[ $option == --mem ]]; then
            [[ $memory == "$value" ]] || refuse "--mem: $1 needs $value MiB, not $memory"
        fi
        set -- "$1" "${@:4}"
    done
}

# Kernel arguments are words of printable ASCII characters. The kernel checks the values of those it knows.
check_append() {
    local LC_ALL=C quotes=${1//[^\"]/}
    [[ $1 != *[!\ -~]* ]] || refuse "--append: may only hold printable ASCII characters"
    [[ $((${#quotes} % 2)) -eq 0 ]] || refuse "--append: a double quote is not closed"
    [[ " $1 " != *' -- '* ]] || refuse "--append: '--' is not allowed; arguments of process 1 follow --init PATH"
}

# Checks that need all options.
check_together() {
    local argument
    [[ -n $timeout ]] || { [[ $mode == shell ]] && timeout=0; } || timeout=120
    [[ $mode != list || ${#traces[@]} -eq 0 ]] || refuse "--trace: cannot be combined with --list"
    [[ $mode != compare ]] || check_compare
    [[ -z $icount || ! ${disk_speeds[*]} =~ [0-9] ]] || refuse "--disk-speed: is told in seconds of this computer, which --icount does not count"
    [[ -z $trace_filter || ${#traces[@]} -gt 0 ]] || refuse "--trace-filter: needs --trace"
    [[ -z $all || $mode == demo ]] || refuse "--all: cannot be combined with --$mode"
    [[ $mode != scenario && $mode != compare ]] || take_machine "$subject"
    check_filter_cpus
    if [[ $mode == demo ]]; then
        [[ -z $fault_in ]] || refuse "--fault-in: needs --scenario, --compare, --shell, --exec or --init"
        [[ -z $append ]] || refuse "--append: needs --scenario, --shell, --exec or --init"
        [[ -z $gdb ]] || refuse "--gdb: needs --scenario, --shell, --exec or --init"
        [[ ${#traces[@]} -eq 0 ]] || refuse "--trace: needs --scenario, --compare, --shell, --exec or --init"
        for argument in "${given[@]}"; do
            case $argument in
            --disk | --new-disk | --swap) refuse "$argument: needs --scenario, --shell, --exec or --init" ;;
            esac
        done
        [[ ${#roots[@]} -eq 0 ]] || refuse "--root: needs --scenario, --shell, --exec or --init"
    fi
    if [[ $mode == init ]]; then
        check_init
        for argument in "${arguments[@]}"; do
            [[ $argument != *[\"$'\n']* ]] ||
                refuse "--init: an argument may not hold a double quote or a new line (the kernel's command line cannot)"
        done
    fi
}

# Process 1 must be in the initramfs: in a directory that --root adds, or among the programs that the build puts there.
check_init() {
    local root defect name=${subject##*/}
    [[ $subject == /* ]] || refuse "--init: $subject: must be an absolute path in the initramfs"
    [[ $subject != *[\"$'\n']* ]] || refuse "--init: the path may not hold a double quote or a new line"
    for root in "${roots[@]}"; do
        [[ -e $root$subject || -L $root$subject ]] || continue
        [[ -L $root$subject ]] || defect=$(elf_defect "$root$subject")
        [[ -z ${defect-} ]] || refuse "--init: $subject: $defect"
        return
    done
    case $subject in
    /sbin/init | /bin/scenario) return ;;
    "/bin/$name") [[ ! -f $here/user/programs/$name.c && ! -f $here/user/programs/$name.cpp ]] || return 0 ;;
    esac
    refuse "--init: $subject: no such program in the initramfs"
}
