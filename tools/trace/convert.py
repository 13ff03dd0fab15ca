#!/usr/bin/env python3
"""Turns what one boot has traced into a file: its ending decides about the form (docs/seeing.md). qemu-run.sh calls this."""

import argparse
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import chrome  # noqa: E402
import linux  # noqa: E402
import records  # noqa: E402
import text  # noqa: E402
import tracedat  # noqa: E402
import webpage  # noqa: E402

UAPI = pathlib.Path("/usr/arm-linux-gnueabi/include/asm"), pathlib.Path("/usr/arm-linux-gnueabihf/include/asm")


def syscall_names():
    """{number: name}, from Linux's own header."""
    for directory in UAPI:
        names = {}
        for file in ("unistd.h", "unistd-common.h", "unistd-eabi.h"):
            path = directory / file
            header = path.read_text(encoding="utf-8") if path.exists() else ""
            for base, name, number in re.findall(r"#define __(NR|ARM_NR)_(\w+)\s+\(__\w+_BASE ?\+ ?(\d+)\)", header):
                names[int(number) + (0xf0000 if base == "ARM_NR" else 0)] = name
        if names:
            return names
    return {}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", required=True, nargs=2, action="append", metavar=("TITLE", "DIRECTORY"),
                        help="what was run, and where trace.port (what came through the port) and trace.ram (the machine's memory) are; "
                        "twice: compares them, on a page")
    parser.add_argument("--elf", required=True, help="the kernel, with symbols")
    parser.add_argument("--scenario", default="", help="with two runs: what they ran, to find what Linux did")
    parser.add_argument("out", nargs="+", help="FILE.txt, .json, .dat or .html, or - for standard error")
    arguments = parser.parse_args()
    try:
        runs = [(title, records.load(f"{directory}/trace.port", f"{directory}/trace.ram", arguments.elf))
                for title, directory in arguments.run]
    except (records.Defect, OSError) as defect:
        sys.exit(f"trace: {defect}")
    failed = False
    for out in arguments.out:
        try:
            write(runs, out, arguments)
        except OSError as defect:  # its disk is full, perhaps; another file may be on another disk
            failed = True
            sys.stderr.write(f"trace: {out}: {defect.strerror}\n")
    for _, trace in runs:
        say(trace)
    sys.exit(failed)


def write(runs, out, arguments):
    names = syscall_names()
    if len(runs) > 1:
        webpage.write_page(runs, out, arguments.elf, names, linux.beside(arguments.scenario, runs, names))
    elif out.endswith(".html"):
        webpage.write_page(runs, out, arguments.elf, names)
    else:
        FORMS[pathlib.Path(out).suffix](runs[0][1], out, arguments.elf, names)


def say(trace):
    written = sum(count.written for count in trace.counts)
    lost = sum(count.lost for count in trace.counts)
    missing = written - lost - len(trace.records)
    sys.stderr.write(f"trace: {len(trace.records):,} records, " + (f"{lost:,} lost" if lost else "none lost") +
                     "\n")
    if missing != 0:
        sys.exit(f"trace: {missing:,} records are missing, and the kernel does not count them as lost")


FORMS = {"": text.write, ".txt": text.write, ".json": chrome.write, ".dat": tracedat.write}

if __name__ == "__main__":
    main()
