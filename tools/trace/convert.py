#!/usr/bin/env python3
"""Turns what one boot has traced into a file: its ending decides about the form (docs/seeing.md). qemu-run.sh calls this."""

import argparse
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import records  # noqa: E402
import text  # noqa: E402

UAPI = pathlib.Path("/usr/arm-linux-gnueabi/include/asm"), pathlib.Path("/usr/arm-linux-gnueabihf/include/asm")


def syscall_names():
    """{number: name}, from Linux's own header."""
    for directory in UAPI:
        names = {}
        for file in ("unistd-common.h", "unistd-eabi.h"):
            path = directory / file
            if path.exists():
                for name, number in re.findall(r"#define __NR_(\w+)\s+\(__NR_SYSCALL_BASE \+ (\d+)\)", path.read_text()):
                    names[int(number)] = name
        if names:
            return names
    return {}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", required=True, help="what came through the trace port")
    parser.add_argument("--ram", required=True, help="the machine's memory")
    parser.add_argument("--elf", required=True, help="the kernel, with symbols")
    parser.add_argument("--out", required=True, help="FILE.txt, .json, .dat or .html, or - for standard error")
    arguments = parser.parse_args()
    try:
        trace = records.load(arguments.port, arguments.ram, arguments.elf)
    except (records.Defect, OSError) as defect:
        sys.exit(f"trace: {defect}")
    if arguments.out == "-":
        text.write(trace, sys.stderr, arguments.elf, syscall_names())
    else:
        with open(arguments.out, "w", encoding="utf-8") as out:
            text.write(trace, out, arguments.elf, syscall_names())
    written = sum(count.written for count in trace.counts)
    lost = sum(count.lost for count in trace.counts)
    missing = written - lost - len(trace.records)
    sys.stderr.write(f"trace: {len(trace.records):,} records, " + (f"{lost:,} lost" if lost else "none lost") +
                     "\n")
    if missing != 0:
        sys.exit(f"trace: {missing:,} records are missing, and the kernel does not count them as lost")


if __name__ == "__main__":
    main()
