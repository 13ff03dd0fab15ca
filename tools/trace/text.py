"""One line a record, as ftrace prints."""

import contextlib
import sys

import fold
import words


def line(record, trace, syscalls, where):
    name = f"{trace.names.get(record.pid, '?')}-{record.pid}"
    function = where.get(record.pc)
    text = f"{name:>20s} [{record.cpu:03d}] {record.ns // 1000000000:5d}.{record.ns % 1000000000 // 1000:06d}: {record.station.name}:"
    text += "".join(f" {field}={value}" for field, value in words.fields(record, syscalls))
    return text + (f" <{function[-1][0]}>" if function else "")


def write(trace, path, elf, syscalls):
    with contextlib.nullcontext(sys.stderr) if path == "-" else open(path, "w", encoding="utf-8") as out:
        print_all(trace, out, elf, syscalls)


def print_all(trace, out, elf, syscalls):
    where = trace.where(elf)
    shown, folds = fold.fold(trace.records)
    out.write("#           TASK-PID  [CPU]   TIMESTAMP: STATION: what is known there <function>\n")
    for position, record in enumerate(trace.records):
        if position in shown:
            out.write(line(record, trace, syscalls, where) + "\n")
        if position in folds:
            same = folds[position]
            what = f"the last {same.length} records" if same.length > 1 else "the last record"
            out.write(f"{'':>20s}         × {same.times:,} the same: {what} of {trace.names.get(record.pid, '?')}-{record.pid}, until "
                      f"{same.end_ns // 1000000000}.{same.end_ns % 1000000000 // 1000:06d}\n")
