#!/usr/bin/env python3
"""check_json.py FILE.txt FILE.json: the second keeps the rules of Chrome's trace events, and has each record of the first once.

The rules: times run forwards on each track; slices of a track lie within or behind each other; every flow has one beginning and one
end, each in a slice; every process and thread has a name.
"""

import collections
import json
import sys

import lines

NOT_FIELDS = {"function", "source", "record", "instructions"}


def nanoseconds(event, key):
    return round(event[key] * 1000)


def check_slices(events):
    """Yields what is wrong with the slices of one track."""
    around, last = [], 0
    for event in events:
        start = nanoseconds(event, "ts")
        end = start + nanoseconds(event, "dur")
        if start < last:
            yield f"time runs backwards: {event}"
        last = start
        while around and around[-1] <= start and not (around[-1] == start == end):
            around.pop()
        if around and end > around[-1]:
            yield f"a slice that ends behind the one around it: {event}"
        if end < start:
            yield f"a slice that ends before it begins: {event}"
        around.append(end)


def check_flows(events, tracks):
    ends = collections.defaultdict(list)
    for event in events:
        if event["ph"] in "sf":
            ends[event["id"]].append(event)
    for number, pair in ends.items():
        if [event["ph"] for event in pair] != ["s", "f"] or pair[0]["name"] != pair[1]["name"] or pair[0]["cat"] != pair[1]["cat"]:
            yield f"flow {number} is no pair"
        for event in pair:
            at = nanoseconds(event, "ts")
            if not any(nanoseconds(each, "ts") <= at <= nanoseconds(each, "ts") + nanoseconds(each, "dur")
                       for each in tracks[event["pid"], event["tid"]]):
                yield f"flow {number} does not lie in a slice: {event}"
    if not ends:
        yield "there is no flow"


def main():
    text, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        events = json.load(file)["traceEvents"]
    defects, tracks, names = [], collections.defaultdict(list), set()
    for event in events:
        if event["ph"] == "X":
            tracks[event["pid"], event["tid"]].append(event)
        elif event["ph"] == "M":
            names.add((event["name"], event["pid"], event["tid"] if event["name"] == "thread_name" else 0))
        elif event["ph"] not in "sf":
            defects.append(f"an event of an unexpected kind: {event}")
    for (process, thread), slices in tracks.items():
        if ("process_name", process, 0) not in names or ("thread_name", process, thread) not in names:
            defects.append(f"no name: process {process}, thread {thread}")
        defects += check_slices(slices)
    defects += check_flows(events, tracks)

    expected = lines.parse(text)
    found = [event for event in events if event["ph"] == "X" and "record" in event["args"]]
    numbers = [event["args"]["record"] for event in found]
    if len(set(numbers)) != len(numbers):
        defects.append("a record is there twice")
    stations = {line.station for line in expected}
    keys = []
    for event in found:
        fields = {name: lines.number(value) for name, value in event["args"].items() if name not in NOT_FIELDS | lines.COUNTS}
        station = event["name"] if event["name"] in stations and "prev_pid" not in fields else "sched_switch"
        keys.append((int(event["args"]["record"].split(":")[0]), station, tuple(sorted(fields.items()))))
    defects += lines.differences([lines.key(line)[1:] for line in expected], keys)
    kinds = collections.Counter(event["cat"] for event in events if event["ph"] == "X" and "record" not in event["args"])
    if not kinds["call"] or not kinds["fault"]:
        defects.append("there are no calls, or no faults")
    if defects:
        sys.exit("\n".join([f"{path}: {len(found)} records, and the text has {len(expected)}", *defects[:12]]))
    print(f"{path}: {len(found)} records, {kinds['call']} calls, {kinds['fault']} faults")


if __name__ == "__main__":
    main()
