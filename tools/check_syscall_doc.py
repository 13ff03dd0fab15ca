#!/usr/bin/env python3
"""Compares docs/system-calls.md with the table of system calls: what is served is listed once, as there or as partly
there; what is refused is not served. --self-test: finds what it must in texts of its own. --numbers FILE: prints what
the document says of every call that FILE, asm/unistd.h as the compiler sees it (-dM -E), has: number, "there" or
"missing", name."""
import re
import sys

SERVED = re.compile(r"\{__NR_(\w+), (?:adapt|parallel)<|case __ARM_NR_(\w+):")
NAME = re.compile(r"`(\w+)`")


def served_calls(sources):
    return {a or b for text in sources for a, b in SERVED.findall(text)}


def listed_calls(doc):
    """Section title -> names in the first column of its tables."""
    sections, title = {}, None
    for line in doc.splitlines():
        if line.startswith("## "):
            title = line[3:]
        elif title and line.startswith("| "):
            sections.setdefault(title, []).extend(NAME.findall(line.split("|")[1]))
    return sections


def compare(sources, doc):
    served, sections = served_calls(sources), listed_calls(doc)
    there = sections.get("There", []) + sections.get("Partly there", [])
    wrong = [f"{name}: served, but not listed" for name in sorted(served - set(there))]
    wrong += [f"{name}: listed, but not served" for name in sorted(set(there) - served)]
    wrong += [f"{name}: listed twice" for name in sorted(set(there)) if there.count(name) > 1]
    wrong += [f"{name}: refused, but served" for name in sorted(served & set(sections.get("Refused", [])))]
    return wrong


DEFINITION = re.compile(r"#define __(ARM_)?NR_(\w+)\s+\(__(ARM_)?NR_(SYSCALL_)?BASE\s*\+\s*(\d+)\)")
ARM_BASE = 0x0f0000


def numbers(header, doc):
    sections = listed_calls(doc)
    there = set(sections.get("There", []) + sections.get("Partly there", []))
    for arm, name, _, _, number in DEFINITION.findall(header):
        yield int(number) + (ARM_BASE if arm else 0), "there" if name in there else "missing", name


def self_test():
    doc = "## There\n| `a`, `b` | |\n| `a` | |\n## Partly there\n| `c` | `x` |\n## Refused\n| `d` | |\n"
    found = compare(["{__NR_a, adapt<sys_a>},\n{__NR_d, parallel<sys_d>},", "case __ARM_NR_c:"], doc)
    expected = ["d: served, but not listed", "b: listed, but not served", "a: listed twice", "d: refused, but served"]
    return [] if found == expected else [f"self-test: found {found}"]


def main():
    if sys.argv[1:2] == ["--numbers"]:
        header = open(sys.argv[2], encoding="utf-8").read()
        for line in numbers(header, open("docs/system-calls.md", encoding="utf-8").read()):
            print(*line)
        return 0
    if sys.argv[1:] == ["--self-test"]:
        wrong = self_test()
    else:
        sources = [open(name, encoding="utf-8").read()
                   for name in ("abi/syscall/table.cpp", "abi/syscall/private.cpp")]
        wrong = compare(sources, open("docs/system-calls.md", encoding="utf-8").read())
    for line in wrong:
        print(f"check_syscall_doc: {line}", file=sys.stderr)
    return 1 if wrong else 0


sys.exit(main())
