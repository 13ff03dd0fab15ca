"""What belongs together in a trace: each task's system calls and faults, and what ran on each CPU."""

import collections

# Behind these a fault is over, or it has not been one.
OUTSIDE = {"SysEnter", "SysExit", "GupFollowed", "AttemptFailed", "RepairCalled", "RepairFailed", "RoundAgain", "SignalDeliver",
           "SchedProcessFork", "SchedProcessExec", "SchedProcessExit"}
# A fault begins here. handle_mm_fault begins one only if none is open: the kernel repairs a page without having faulted there.
BEGINS = {"Vector", "Abort", "HandleMmFault"}
# Behind the first ones a fault stores no more entries of its page, unless one of the others follows (kernel/debug/explain.cpp).
CLOSING = {"BadAccess", "Spurious", "MadeAccessible"}
OPENING = {"DoPageFault", "HandleMmFault", "Copied", "Reused"}
PRESENT = 1  # in an entry

# kind: call or fault. first: the position of its first record. outer: the slice around it. ends: one position, of its last record
Slice = collections.namedtuple("Slice", "kind first outer ends")


class Fault:
    """Which records are a fault's own. No station tells that it returns: what comes behind its last own record is not part of it."""

    def __init__(self, first):
        self.over = False
        self._page = first.words[0] >> 12
        self._aborted = first.station.enumerator == "Abort"
        self._stored = False  # the entry of its page, or it will not
        self._around = False  # it may fill neighbours from the file, too
        self._filled = None  # the last neighbour

    def owns(self, record):
        name, page = record.station.enumerator, record.words[0] >> 12
        if record.station.group != "fault" or name == "Vector" or name == "Abort" and self._aborted:
            return False
        if name == "Fixup":
            return True
        if page != self._page:
            if name == "EntryStored" and self._around and record.words[1] == 0 and record.words[2] & PRESENT:
                self._filled = page
            return page == self._filled and name in ("EntryStored", "DescriptorStored")
        if name == "EntryStored":
            self.over = self._stored  # what the call around it, or the next, does to the page
            self._stored = bool(record.words[2] & PRESENT)
        elif name in CLOSING:
            self._stored = True
        elif name in OPENING:
            self._stored = False
        self._aborted = self._aborted or name == "Abort"
        self._around = self._around or name == "File"
        return not self.over


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
        self._fault = {}  # of each track, the Fault that is open
        # What happened since its last own record: a sleep, a page that was reclaimed. It is part of the fault if that goes on.
        self._between = collections.defaultdict(list)
        for position, record in enumerate(records):
            self._take(position, record)

    def end(self, one):
        """The position of the last record that belongs to it."""
        return one.ends[-1]

    def _take(self, position, record):
        mine, name = track(record), record.station.enumerator
        stack = self._open[mine]
        fault = self._fault[mine] if stack and stack[-1].kind == "fault" else None
        own = fault is not None and name not in OUTSIDE and fault.owns(record)
        if fault and not own and (name in OUTSIDE or name in BEGINS or fault.over):
            stack.pop()
            fault = None
        if name == "SysEnter":
            stack.clear()
        if name == "SysEnter" or name in BEGINS and fault is None:
            stack.append(Slice("call" if name == "SysEnter" else "fault", position, stack[-1] if stack else None, [position]))
            self.all.append(stack[-1])
            self._fault[mine] = Fault(record)
        if fault and not own:
            self._between[mine].append(position)
            self._put(position, stack[:-1])
        else:
            between = self._between.pop(mine, [])
            for each in between if own else []:
                self.of[each] = stack[-1]
            self._put(position, stack)
        if name == "SysExit":
            stack.clear()
        elif name == "Fixup" and own:
            stack.pop()

    def _put(self, position, stack):
        """The record lies in all of these, and in the last of them directly."""
        self.of[position] = stack[-1] if stack else None
        for each in stack:
            each.ends[0] = position


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
