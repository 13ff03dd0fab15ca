"""`fl pt`: the page tables of an address space, as the kernel believes them."""

from fl.command import command
from fl.entries import PAGE, Layout, entries
from fl.tasks import mm_of, name_of


class Range:
    """Neighbours whose entries differ in their frames only."""

    def __init__(self, layout, address, pte):
        self.layout, self.start, self.end = layout, address, address
        self.present = layout.has(pte, "PRESENT")
        self.flags = pte % PAGE
        self.runs = []  # of frames or slots: [first, last]
        self.add(pte)

    def takes(self, address, pte):
        return address == self.end and pte % PAGE == self.flags

    def add(self, pte):
        frame = pte >> 12
        self.end += PAGE
        if self.runs:
            first, last = self.runs[-1]
            step = 0 if first == last else 1 if last > first else -1
            if abs(frame - last) == 1 and step in (0, frame - last):
                self.runs[-1][1] = frame
                return
            if self.runs[-1] == [frame, frame]:  # the zero page: one frame, many times
                return
        self.runs.append([frame, frame])

    def line(self):
        number = "0x{:x}" if self.present else "{}"
        runs = [number.format(first) + ("-" + number.format(last) if last != first else "") for first, last in self.runs]
        listed = ", ".join(runs)
        if self.present:
            one = len(self.runs) == 1 and self.runs[0][0] == self.runs[0][1]
            words = f"{self.layout.words(self.flags, frame=False)}, frame{'' if one else 's'} {listed}"
        else:
            area, _ = self.layout.swap(self.flags)
            words = f"lost with frames {listed}" if self.layout.is_lost(area) else f"swap area {area}, slots {listed}"
        return f"0x{self.start:08x}-0x{self.end:08x} {(self.end - self.start) // PAGE:5}: {words}"


@command("pt", 1)
def pt(kernel, pid=None):
    """fl pt [PID]: all entries of an address space, equal neighbours folded.

    Each line: the range, how many pages, the bits of the entries in words, their frames; runs of frames may fall. A page in swap
    shows its slot. Without a PID: the task that runs on the selected CPU. What the machine makes of an entry, `fl pte` tells."""
    layout = Layout()
    task, mm = mm_of(kernel, pid)
    ranges, present, swapped = [], 0, 0
    for address, pte in entries(kernel, layout, mm):
        if layout.has(pte, "PRESENT"):
            present += 1
        else:
            swapped += 1
        if ranges and ranges[-1].takes(address, pte):
            ranges[-1].add(pte)
        else:
            ranges.append(Range(layout, address, pte))
    yield f"{name_of(task)}: {present} pages present, {swapped} not in memory, {int(mm['nr_ptes'])} tables"
    for each in ranges:
        yield each.line()
