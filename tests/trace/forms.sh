#!/bin/bash
# forms.sh SCENARIO REPAIR SENTENCE [OPTION...]: a scenario hangs, and the four forms of its trace have each record once, in the form
# that their readers want. SENTENCE is what the page says.
source "$(dirname "$0")/../boot/lib.sh"
scenario=$1 repair=$2 sentence=$3
machine=("${@:4}")

run --icount --scenario "$scenario" --fault-in "$repair" --timeout 100 \
    --trace "$work/t.txt" --trace "$work/t.json" --trace "$work/t.dat" --trace "$work/t.html"
check "$scenario hangs with $repair" equal "$status" 70
check "no record is lost" holds "$work/err" '^trace: [0-9,]+ records, none lost$'
told=$(sed -n -E 's/^trace: ([0-9,]+) records.*/\1/p' "$work/err" | tr -d ,)
check "a hang is folded" holds "$work/t.txt" '^ +× [0-9,]+ the same: the last [0-9]+ records of '
check "so the text is short" test "$(wc -l <"$work/t.txt")" -lt $((told / 2))
in_text=$(cd tests/trace && python3 -c 'import lines, sys; print(len(lines.parse(sys.argv[1])))' "$work/t.txt")
check "and tells of each record" equal "$in_text" "$told"
check "Chrome's trace events" tests/trace/check_json.py "$work/t.txt" "$work/t.json"
check "trace.dat" tests/trace/check_dat.py "$work/t.txt" "$work/t.dat"
check "the page" tests/trace/check_html.py "$work/t.html" "$work/t.txt" "$sentence"
finish
