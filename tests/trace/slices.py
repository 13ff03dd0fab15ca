#!/usr/bin/env python3
"""Which records lie in a system call, and which in a fault: tools/trace/story.py on short traces of one task."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tools/trace"))

import records  # noqa: E402
import story  # noqa: E402
from stations import BY_NAME  # noqa: E402

PAGE, NEXT, PRESENT = 0x10000, 0x11000, 0x42001
FAULT = [("vector", PAGE + 4), ("abort", PAGE + 4), ("do_page_fault", PAGE + 4), ("handle_mm_fault", PAGE + 4)]
SERVED = [*FAULT, ("anonymous", PAGE, 0, PRESENT), ("entry_stored", PAGE, 0, PRESENT), ("descriptor_stored", PAGE)]
SLEEP = [("contention_begin",), ("sched_switch",)]
UNMAPPED = [("entry_stored", PAGE, PRESENT, 0), ("descriptor_stored", PAGE), ("tlb_dropped", PAGE, NEXT, 1)]
AROUND = [*FAULT, ("file", PAGE), ("entry_stored", PAGE, 0, PRESENT), ("descriptor_stored", PAGE), ("entry_stored", NEXT, 0, PRESENT),
          ("descriptor_stored", NEXT)]
COPIED = [*FAULT, ("copied", PAGE, PRESENT, PRESENT + 2), ("entry_stored", PAGE, PRESENT, 0), ("descriptor_stored", PAGE),
          ("tlb_dropped", PAGE, NEXT, 1), ("entry_stored", PAGE, 0, PRESENT + 2), ("descriptor_stored", PAGE)]
CALL, RETURN = [("sys_enter",)], [("sys_exit",)]

# What it is; the records; what lies where, a letter for each record: f in a fault, F: a fault begins; c, C: the same of a call; -: in none
CASES = [
    ("a fault", SERVED, "Fffffff"),
    ("its task sleeps meanwhile", FAULT + SLEEP + SERVED[4:], "Fffffffff"),
    ("its program is preempted later", SERVED + SLEEP[1:] + SERVED, "Fffffff-Fffffff"),
    ("at the end it wakes another", SERVED + [("sched_wakeup",)], "Fffffff-"),
    ("its call sleeps later", CALL + SERVED + SLEEP + RETURN, "CFffffffccc"),
    ("its call unmaps the page", CALL + SERVED + UNMAPPED + RETURN, "CFffffffcccc"),
    ("its call changes another page", CALL + SERVED + [("entry_stored", NEXT, PRESENT, 0)] + RETURN, "CFffffffcc"),
    ("it fills a neighbour", AROUND, "Fffffffff"),
    ("it reclaims a page first", FAULT + [("entry_stored", NEXT, PRESENT, 0), ("page_reclaimed",)] + SERVED[4:], "Fffffffff"),
    ("it copies", COPIED, "Fffffffff" "f"),
    ("it fails, and its call goes on", CALL + FAULT[:3] + [("fixup",)] + UNMAPPED + RETURN, "CFfffcccc"),
    ("another follows", SERVED + FAULT, "FffffffFfff"),
    ("another follows, and the vector is filtered out", SERVED[1:] + FAULT[1:], "FfffffFff"),
    ("two pages are populated", CALL + FAULT[3:] + [("handle_mm_fault", NEXT)] + RETURN, "CFFc"),
    ("a word is repaired", CALL + [("repair_called", PAGE), *SERVED[3:], ("round_again", PAGE)] + RETURN, "CcFfffcc"),
]


def letters(trace):
    slices = story.Slices(trace)
    first = {one.first: one for one in slices.all}
    for position in range(len(trace)):
        one = slices.of[position]
        letter = "-" if one is None else one.kind[0]
        yield letter.upper() if position in first else letter
    for one in slices.all:
        own = [position for position in range(len(trace)) if one in around(slices.of[position])]
        assert slices.end(one) == own[-1], f"{one.kind} ends at {slices.end(one)}, and its last record is {own[-1]}"


def around(one):
    while one:
        yield one
        one = one.outer


def main():
    failures = 0
    for name, rows, expected in CASES:
        trace = [records.Record(position, 0, 5, BY_NAME[station], 0, 0, (*words, *[0] * (4 - len(words))), position)
                 for position, (station, *words) in enumerate(rows)]
        try:
            found = "".join(letters(trace))
        except AssertionError as defect:
            found = str(defect)
        if found != expected:
            failures += 1
            print(f"{name}: {found}, and it should be {expected}")
    print(f"{len(CASES)} traces, {failures} wrong")
    sys.exit(failures != 0)


main()
