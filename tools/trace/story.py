"""What belongs together in a trace: each task's system calls and faults, and what ran on each CPU."""

import collections

# Behind these a fault is over, or it has not been one. All other stations may lie within a fault.
OUTSIDE = {"SysEnter", "SysExit", "GupFollowed", "AttemptFailed", "RepairCalled", "RepairFailed", "RoundAgain", "SignalDeliver",
           "SchedProcessFork", "SchedProcessExec", "SchedProcessExit"}
# A fault begins here. handle_mm_fault begins one only if none is open: the kernel repairs a page without having faulted there.
BEGINS = {"Vector", "Abort", "HandleMmFault"}

# kind: call or fault. first: the position of its first record, outer: the slice around it. inner: the positions of the stations in it,
# without those of slices in it. ends: one position, of its last record
Slice = collections.namedtuple("Slice", "kind first outer inner ends")


def track(record):
    """A task has one, except the idle tasks: all of them have the number 0, and each CPU its own."""
    return record.pid if record.pid != 0 else -1 - record.cpu


class Slices:
    """The slices of each track, in the order in which they begin. of[position]: the innermost slice around a record."""

    def __init__(self, records):
        self.records = records
        self.all = []
        self.of = [None] * len(records)
        self._open = collections.defaultdict(list)
        for position, record in enumerate(records):
            self._take(position, record)

    def end(self, one):
        """The position of the last record that belongs to it."""
        return one.ends[-1]

    def _take(self, position, record):
        stack, name = self._open[track(record)], record.station.enumerator
        another = name == "Vector" or name == "Abort" and stack and self._has(stack[-1], name)
        if stack and stack[-1].kind == "fault" and (name in OUTSIDE or another):
            stack.pop()
        if name == "SysEnter":
            stack.clear()
        if name == "SysEnter" or name in BEGINS and not (stack and stack[-1].kind == "fault"):
            one = Slice("call" if name == "SysEnter" else "fault", position, stack[-1] if stack else None, [], [position])
            self.all.append(one)
            stack.append(one)
        if stack:
            self.of[position] = stack[-1]
            stack[-1].inner.append(position)
            for each in stack:
                each.ends[0] = position
        if name == "SysExit":
            stack.clear()
        elif name == "Fixup" and stack and stack[-1].kind == "fault":
            stack.pop()

    def _has(self, one, enumerator):
        return any(self.records[position].station.enumerator == enumerator for position in one.inner)


def switches(records):
    """{CPU: [(ns, pid, position)]}: who runs from when on."""
    found = collections.defaultdict(list)
    for position, record in enumerate(records):
        if record.station.enumerator == "SchedSwitch":
            found[record.cpu].append((record.ns, record.words[2], position))
    return found


def wakings(records):
    """[(position of a sched_wakeup, position of the sched_switch to the task)]."""
    pairs, waiting = [], collections.defaultdict(list)
    for position, record in enumerate(records):
        if record.station.enumerator == "SchedWakeup":
            waiting[record.words[0]].append(position)
        elif record.station.enumerator == "SchedSwitch":
            pairs += [(each, position) for each in waiting.pop(record.words[2], [])]
    return pairs
