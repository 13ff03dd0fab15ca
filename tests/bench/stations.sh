#!/bin/bash
# What the stations cost while nobody watches: docs/performance.md. A station is one NOP. Two copies of the kernel are built
# beside this one: `without` any station, and `bare`, whose stations are there, but have no NOP. Their difference is what the
# compiler makes worse around a station; that of `bare` and this kernel is how many stations an operation passes.
#
#   tests/bench/stations.sh [DIR]             the copies stay in DIR (default build/stations)
#   tests/bench/stations.sh --copies DIR      makes the copies and measures nothing: a check of every day
#
# Status: 0, or 1 if a figure grows by more than its stations, 4 instructions and 1 %.
set -euo pipefail
cd "$(dirname "$0")/../.."
copies=''
[[ ${1-} != --copies ]] || { copies=only && shift; }
place=${1:-build/stations}
unset QEMU_RUN_BUILT

# copied NAME FILE OLD NEW: a copy of this tree in which the file has NEW wherever it has OLD.
copied() {
    local tree=$place/$1
    mkdir -p "$tree"
    tar -c --exclude=./build --exclude=./.git . | tar -x -C "$tree"
    python3 - "$tree/$2" "$3" "$4" <<'PY'
import sys
path, old, new = sys.argv[1:]
text = open(path).read()
if old not in text:
    sys.exit(f"stations.sh: {path}: what is to be changed does not stand there")
open(path, "w").write(text.replace(old, new))
PY
}
copied without base/trace.hpp 'if (static_branch<static_cast<u32>(Station::station)>()) [[unlikely]]' 'if (false)'
copied bare arch/arm/arch/static_branch.hpp '"1: nop\n\t"' '"1:\n\t"'
[[ -z $copies ]] || exit 0

for tree in "$place/without" "$place/bare" .; do
    (cd "$tree" && tests/bench/run.sh --at-hand >"build-bench.log" 2>&1) || [[ $? -eq 1 ]] || {
        cat "$tree/build-bench.log" >&2
        exit 69
    }
    rm -f "$tree/build-bench.log"
done

python3 - "$place/without/build/bench/table.tsv" "$place/bare/build/bench/table.tsv" build/bench/table.tsv <<'PY'
import sys
sys.path.insert(0, "tests/bench")
from table import NO_BUDGET  # these depend on the host

def figures(path):
    rows = [line.rstrip("\n").split("\t") for line in open(path) if not line.startswith("#")]
    return {row[0]: dict(zip(rows[0][1:], row[1:])) for row in rows[1:] if row[0] not in NO_BUDGET}

without, bare, ours = map(figures, sys.argv[1:])
over = 0
print(f"{'figure':40} {'back end':9} {'without':>11} {'stations':>9} {'more':>7}")
for name in ours:
    for back_end in ("walked", "softtlb"):
        if not ours[name][back_end] or name.startswith("boot"):
            continue
        base, unmarked, all_of_it = (float(each[name][back_end]) for each in (without, bare, ours))
        stations, more = all_of_it - unmarked, unmarked - base
        too_much = more > 4 + base / 100
        over += too_much
        print(f"{name:40} {back_end:9} {base:11.1f} {stations:9.1f} {more:7.1f}{'   too much' if too_much else ''}")
print(f"{over} figures grow by more than their stations, 4 instructions and 1 %")
sys.exit(1 if over else 0)
PY
