"""Which address space a record speaks of. Records name the task only, and fork and exec work on two address spaces at once.

What a task does concerns its own address space, unless the entry that the record found there is not the one that was left there. Then
it is the one that it has just left, if that has this entry; that of another task, if only one has (memory is short, and a task ages
pages of others); or, in fork and exec, the one that the task is about to make.
"""

import collections

CLONE_VM = 0x100
CLONE, VFORK, CLONE3 = 120, 190, 435  # system calls (asm/unistd-common.h)
FOLLOWS = {"DescriptorStored", "TlbDropped"}  # what the kernel does next when it has stored an entry
MAKERS = {2, CLONE, VFORK, CLONE3, 11, 387}  # and fork, execve, execveat


class Spaces:
    """of[position]: the number of an address space, or None if a record names no page."""

    def __init__(self, records):
        self.current, self.former = {}, {}  # task: address space
        self.coming = {}  # task: the address space that it makes
        self.known = collections.defaultdict(dict)  # page: {address space: the entry}
        self.last = {}  # task: (page, address space) of its last entry
        self.count = 0
        self.calls = {}  # task: its sys_enter, if it is in a call
        self.of = [self._take(record) for record in records]

    def _new(self):
        self.count += 1
        return self.count

    def _own(self, pid):
        if pid not in self.current:
            self.current[pid] = self._new()
        return self.current[pid]

    def _shares(self, pid):
        number, flags = self.calls.get(pid, (0, 0, 0, 0))[:2]
        return number == VFORK or number == CLONE and flags & CLONE_VM

    def _take(self, record):
        name, words = record.station.enumerator, record.words
        if name in ("SysEnter", "SysExit"):
            self.calls[record.pid] = words if name == "SysEnter" else (0, 0, 0, 0)
            self.coming.pop(record.pid, None)
        elif name == "SchedProcessFork":
            made = self.coming.pop(record.pid, None)
            self.current[words[1]] = self._own(record.pid) if self._shares(record.pid) else made or self._new()
        elif name == "SchedProcessExec":
            self.former[record.pid] = self.current.get(record.pid)
            self.current[record.pid] = self.coming.pop(record.pid, None) or self._new()
        if not record.station.fields or record.station.fields[0][0] != "address":
            return None
        page, entries = words[0] >> 12, [word for (_, kind), word in zip(record.station.fields, words) if kind == "pte"]
        if entries:
            space = self._find(record.pid, page, entries)
            self.known[page][space] = entries[-1]
            self.last[record.pid] = page, space
            return space
        last_page, last_space = self.last.get(record.pid, (None, None))
        if name in FOLLOWS and last_page == page:
            return last_space
        return self._own(record.pid)

    def _find(self, pid, page, entries):
        own, former, before = self._own(pid), self.former.get(pid), entries[0]
        known = self.known[page].get(own, 0)
        if known in entries: # the change may have been told before, by entry_stored
            return own
        others = {space for space, entry in self.known[page].items() if entry == before and before}
        if former in others:
            return former
        if len(others) == 1:
            return others.pop()
        if known == 0 and before:
            return own
        if self.calls.get(pid, (0,))[0] not in MAKERS:
            return own
        if pid not in self.coming:
            self.coming[pid] = self._new()
        return self.coming[pid]
