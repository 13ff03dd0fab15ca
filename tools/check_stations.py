#!/usr/bin/env python3
"""Checks the stations of base/stations.def: each stands somewhere, and every file that has one is in docs/tour.md.

The words that a row has for the values of an enumeration are checked against that enumeration, too, and the bits of entries that tools/trace knows against the kernel's.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools/trace"))

import stations  # noqa: E402
import words as entry_words  # noqa: E402

ROOMS = ["arch/arm", "arch/backend", "arch/walked", "arch/softtlb", "mm", "kernel", "abi"]

# Words of stations.def, the file with the enumeration, and its name. A word is the enumerator in small letters.
ENUMERATIONS = [("FAULT_KIND", "arch/contract/fault_info.hpp", "FaultKind"), ("BAD_ACCESS", "mm/fault.hpp", "BadAccess"),
                ("FAULT_IN", "kernel/futex/fault_in.hpp", "FaultIn"), ("TASK_STATE", "kernel/sched/task.hpp", "TaskState")]


def small(name):
    return re.sub(r"[^a-z0-9]", "", name.lower())


def main():
    findings, used = [], set()
    tour = (ROOT / "docs/tour.md").read_text(encoding="utf-8")
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            if path.suffix not in (".cpp", ".hpp"):
                continue
            file = path.relative_to(ROOT).as_posix()
            found = set(re.findall(r"\bTRACE\((\w+)", path.read_text(encoding="utf-8")))
            used |= found
            if found and f"`{file}`" not in tour:
                findings.append(f"{file} has stations ({', '.join(sorted(found))}), and docs/tour.md does not name it")
    used.add("TaskRename")  # written by the trace itself, kernel/debug/trace.cpp
    for station in stations.STATIONS:
        if station.enumerator not in used:
            findings.append(f"base/stations.def: {station.enumerator} stands nowhere")
    text = (ROOT / "base/stations.def").read_text(encoding="utf-8")
    for words, file, name in ENUMERATIONS:
        listed = re.search(rf'#define {words} "(.*)"', text).group(1).split("|")
        body = re.search(rf"enum class {name} : u8 \{{(.*?)\}};", (ROOT / file).read_text(encoding="utf-8"), re.S).group(1)
        names = re.findall(r"^\s*(\w+)\s*(?:,|$|//)", re.sub(r", (?=\w)", ",\n", body), re.M)
        same = len(listed) == len(names) if words == "TASK_STATE" else [small(w) for w in listed] == [small(n) for n in names]
        if not same:
            findings.append(f"base/stations.def: {words} is not {name} of {file}: {listed} and {names}")
    pte = (ROOT / "arch/contract/pte.hpp").read_text(encoding="utf-8")
    bits = [(1 << int(shift), name) for name, shift in re.findall(r"^        ([A-Z]+) = 1u << (\d+),", pte, re.M)]
    if bits != [(bit, on.upper()) for bit, on, _ in entry_words.PTE_BITS]:
        findings.append(f"tools/trace/words.py: PTE_BITS are not the bits of arch/contract/pte.hpp: {bits}")
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
