# shellcheck shell=bash
# --compare: one scenario under two repairs, on one page. Sourced by qemu-run.sh.

# scenario_arguments: prints the kernel's arguments for the scenario that is to run.
scenario_arguments() { printf '%s' "livelock=halt${append:+ $append} init=/sbin/init -- act $subject"; }

# compare: boots both, one after the other, and prints how each ended, and the page's name. Sets `status`.
compare() {
    local outcome runs=() other=fixup page=${traces[0]}
    [[ ${fault_in:=gup} != fixup ]] || other=gup
    mkdir -p build/compare
    for fault_in in "$fault_in" "$other"; do
        recording=$scratch/trace.$fault_in
        mkdir "$recording"
        boot "loglevel=$loglevel fault_in=$fault_in $(trace_arguments) $(scenario_arguments)" console >"$scratch/compare.log"
        case $status:$verdict in
        0:) outcome=passes ;;
        "$LIVELOCK:livelock") outcome=hangs ;;
        *)
            cat "$scratch/compare.log" >&2
            complain "fault_in=$fault_in: status $status${verdict:+: $verdict}"
            return
            ;;
        esac
        printf '%-12s %s\n' "$fault_in" "$outcome"
        runs+=(--run "$(trace_title)" "$recording")
    done
    status=0
    convert "${runs[@]}" --scenario "$subject" -- "$page" || status=$UNAVAILABLE
    [[ $status -ne 0 ]] || echo "$page"
}
