#!/usr/bin/env python3
"""check_dat.py FILE.txt FILE.dat: trace-cmd(1) reads the second, and prints each record of the first with all its fields."""

import subprocess
import sys

import lines


def main():
    text, dat = sys.argv[1:]
    expected = lines.parse(text)
    report = subprocess.run(["trace-cmd", "report", "-N", dat], capture_output=True, encoding="utf-8", check=False)
    if report.returncode or report.stderr:
        sys.exit(f"{dat}: trace-cmd complains: {report.stderr}")
    with open(dat + ".report", "w", encoding="utf-8") as out:
        out.write(report.stdout)
    found = lines.parse(dat + ".report")
    # It has more fields where Linux has them.
    fields = {}
    for line in expected:
        fields.setdefault(line.station, set()).update(line.fields)
    defects = lines.differences([lines.key(line) for line in expected],
                                [lines.key(line, fields.get(line.station, set())) for line in found])
    last = {}
    for line in found:
        if line.ns < last.get(line.cpu, 0):
            defects.append(f"time runs backwards on CPU {line.cpu}: {line}")
        last[line.cpu] = line.ns
    if not expected or defects:
        sys.exit("\n".join([f"{dat}: {len(found)} records, and the text has {len(expected)}", *defects]))
    # With what it knows of Linux's scheduler: the fields have Linux's names.
    linux = subprocess.run(["trace-cmd", "report", dat], capture_output=True, encoding="utf-8", check=True).stdout
    if not any("==>" in line for line in linux.splitlines() if "sched_switch:" in line):
        sys.exit(f"{dat}: trace-cmd does not know its sched_switch")
    print(f"{dat}: trace-cmd prints {len(found)} records, as the text has them")


if __name__ == "__main__":
    main()
