#!/bin/bash
# --list prints a line for each scenario, with its name and its sentence, and nothing else. It builds and boots nothing.
source "$(dirname "$0")/lib.sh"

run --list </dev/null
check "status" equal "$status" 0
check "nothing on standard error" equal "$(cat "$work/err")" ""
check "every line is a name and a sentence" lacks "$work/out" '^([^ ]*[^A-Za-z0-9._+ -].*|[^ ]+ *)$'
check "as many as the catalogue" equal "$(wc -l <"$work/out")" "$(grep -c -v -E '^(#|$)' user/scenarios/catalogue.tsv)"
check "no name twice" equal "$(cut -d ' ' -f 1 "$work/out" | sort | uniq -d)" ""
finish
