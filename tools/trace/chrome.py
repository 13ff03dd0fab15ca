"""Chrome's trace events, in the form of an object: https://ui.perfetto.dev and chrome://tracing open them.

Two processes: one has a track for each CPU, the other one for each task. A record is one slice, on the track of its task; a
sched_switch is the slice of what runs from then on, on the track of its CPU. Its argument `record` is the number of the CPU, and the
record's number there. Slices without it group others: a system call, and a fault.
"""

import json

import story
import words

CPUS, TASKS = 1000000, 1000001  # process numbers; no task has them
LONGEST_NS = 1000  # a station is a point: it is drawn up to the next, but not longer


def thread(track):
    """The thread number of a task's track. Each CPU's idle task gets one of its own: Perfetto wants them all different."""
    return track if track > 0 else CPUS + 100 - track


def arguments(record, syscalls, where):
    values = dict(words.fields(record, syscalls))
    frames = where.get(record.pc)
    if frames:
        function, file, number = frames[-1]
        values |= {"function": function, "source": f"{file}:{number}"}
    return values | {"record": f"{record.cpu}:{record.index}", "instructions": record.instructions}


class Events:
    def __init__(self, trace, syscalls, where):
        self.trace, self.records, self.syscalls, self.where = trace, trace.records, syscalls, where
        self.slices = story.Slices(self.records)
        self.events = []

    def add(self, place=-1, **event):
        """`place`: its place among all events, which are in the order of time; an outer one stands before the inner ones."""
        self.events.append((place, event))

    def station(self, position, name, process, number, end_ns):
        record = self.records[position]
        self.add(position + 0.5, name=name, cat=record.station.group, ph="X", ts=record.ns, dur=max(end_ns - record.ns, 0),
                 pid=process, tid=number, args=arguments(record, self.syscalls, self.where))

    def names(self):
        self.add(name="process_name", ph="M", pid=CPUS, tid=0, args={"name": "CPUs"})
        self.add(name="process_name", ph="M", pid=TASKS, tid=0, args={"name": "Tasks"})
        self.add(name="process_sort_index", ph="M", pid=CPUS, tid=0, args={"sort_index": 0})
        self.add(name="process_sort_index", ph="M", pid=TASKS, tid=0, args={"sort_index": 1})
        for cpu in sorted({record.cpu for record in self.records}):
            self.add(name="thread_name", ph="M", pid=CPUS, tid=CPUS + cpu, args={"name": f"CPU {cpu}"})
        for track in sorted({story.track(record) for record in self.records}):
            name = f"{self.trace.names.get(track, '?')}-{track}" if track > 0 else f"swapper/{-1 - track}"
            self.add(name="thread_name", ph="M", pid=TASKS, tid=thread(track), args={"name": name})

    def cpus(self):
        end = self.records[-1].ns if self.records else 0
        for cpu, switches in story.switches(self.records).items():
            for (_, pid, position), (until, _, _) in zip(switches, switches[1:] + [(end, 0, 0)]):
                self.station(position, self.trace.names.get(pid, "?") + f"-{pid}" if pid else "idle", CPUS, CPUS + cpu, until)

    def groups(self):
        for one in self.slices.all:
            first, last = self.records[one.first], self.records[self.slices.end(one)]
            name = f"fault 0x{first.words[0]:08x}"
            if one.kind == "call":
                name = self.syscalls.get(first.words[0], f"system call {first.words[0]}")
            self.add(one.first, name=name, cat=one.kind, ph="X", ts=first.ns, dur=last.ns - first.ns, pid=TASKS,
                     tid=thread(story.track(first)), args={})

    def stations(self):
        following = {}  # the next record of the same track
        for position in range(len(self.records) - 1, -1, -1):
            record, around = self.records[position], self.slices.of[position]
            ends = [record.ns + LONGEST_NS, following.get(story.track(record), record.ns)]
            while around:
                ends.append(self.records[self.slices.end(around)].ns)
                around = around.outer
            following[story.track(record)] = record.ns
            if record.station.enumerator != "SchedSwitch":
                self.station(position, record.station.name, TASKS, thread(story.track(record)), min(ends))

    def flows(self):
        for number, (waker, switch) in enumerate(story.wakings(self.records)):
            common = {"name": "wakeup", "cat": "sched", "id": number + 1}
            source, target = self.records[waker], self.records[switch]
            self.add(waker + 0.7, ph="s", ts=source.ns, pid=TASKS, tid=thread(story.track(source)), **common)
            self.add(switch + 0.7, ph="f", bp="e", ts=target.ns, pid=CPUS, tid=CPUS + target.cpu, **common)


def write(trace, path, elf, syscalls):
    events = Events(trace, syscalls, trace.where(elf))
    events.names()
    events.cpus()
    events.groups()
    events.stations()
    events.flows()
    with open(path, "w", encoding="utf-8") as out:
        out.write('{"displayTimeUnit":"ns","traceEvents":[\n')
        for number, (_, event) in enumerate(sorted(events.events, key=lambda each: each[0])):
            for key in event.keys() & {"ts", "dur"}:
                event[key] = event[key] / 1000  # in microseconds
            out.write((",\n" if number else "") + json.dumps(event, separators=(",", ":")))
        out.write("\n]}\n")
