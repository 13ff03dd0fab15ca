"""The records of a text that qemu-run.sh --trace has written, or that trace-cmd report has: with those that are folded.

A record is (task, CPU, station, {field: text}). What counts the rounds is left out, because folded records do not tell it.
"""

import collections
import re

LINE = re.compile(r"^ *(.*)-(\d+) +\[(\d+)\] +(\d+)\.(\d+): +(\w+): *(.*?)(?: <[^<>]*(?:<.*)?>)?$")
FIELD = re.compile(r"(\w+)=(\[[^]]*\]|\S*)")
FOLD = re.compile(r"^ *× ([\d,]+) the same: the last (?:(\d+) records|record) of .*-(\d+), until ")
COUNTS = {"unchanged"}

Line = collections.namedtuple("Line", "pid cpu ns station fields")


def number(text):
    """0x00000001 and 0x1 are the same."""
    return re.sub(r"0x0*([0-9a-f])", r"0x\1", text)


def fields_of(text):
    return {name: number(value) for name, value in FIELD.findall(text)}


def parse(path):
    """[Line], as they stand there, and those that are folded behind those that they repeat."""
    found, tasks = [], collections.defaultdict(list)
    with open(path, encoding="utf-8") as file:
        for text in file:
            text = text.rstrip("\n")
            if fold := FOLD.match(text):
                times, length, pid = int(fold[1].replace(",", "")), int(fold[2] or 1), int(fold[3])
                found += tasks[pid][-length:] * times
            elif match := LINE.match(text):
                _, pid, cpu, seconds, micro, station, rest = match.groups()
                line = Line(int(pid), int(cpu), int(seconds) * 10**9 + int(micro) * 1000, station, fields_of(rest))
                found.append(line)
                tasks[line.pid].append(line)
            elif text and not text.startswith(("#", "cpus=")):
                raise SystemExit(f"{path}: no line of a trace: {text}")
    return found


def key(line, only=None):
    """What two forms of one record have in common. only: these fields of it."""
    fields = {name: value for name, value in line.fields.items() if name not in COUNTS and (only is None or name in only)}
    return line.pid, line.cpu, line.station, tuple(sorted(fields.items()))


def differences(expected, found):
    """Says how two lists of keys differ, in a few lines; nothing if they do not."""
    more, less = collections.Counter(found), collections.Counter(expected)
    more, less = more - less, less - more
    return [f"missing {count} times: {each}" for each, count in list(less.items())[:3]] + [
        f"too many, {count} times: {each}" for each, count in list(more.items())[:3]]
