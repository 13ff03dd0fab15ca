"""Inside gdb: tools/gdb/armv7-pt.py against the pagemaps of tests/gdb/layouts.c. $stop_here is where its processes stop,
$kernel is 1 for Faultline, whose own tables must agree too, and 2 for Linux."""

import importlib.util
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from inside import *

READ, WRITE, EXECUTE = 1, 2, 4
USER_TOP = 0xBF000000  # Linux: TASK_SIZE. Above are the vectors, which pagemap does not show
LAYOUTS = 5

tools = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "gdb")
spec = importlib.util.spec_from_file_location("armv7_pt", os.path.join(tools, "armv7-pt.py"))
armv7_pt = importlib.util.module_from_spec(spec)
spec.loader.exec_module(armv7_pt)

def rows(layout):
    """The process's own table: {address: (frame, rights)}."""
    start, count = armv7_pt.register("r1"), armv7_pt.register("r2")
    data = bytes(gdb.selected_inferior().read_memory(start, 12 * count))
    words = [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]
    return {words[i]: (words[i + 1], words[i + 2]) for i in range(0, len(words), 3)}


def linux_entry(memory, mmu, address):
    """Linux's own entry, which lies 2 KiB below the hardware's (arch/arm/include/asm/pgtable-2level.h)."""
    _, table = mmu.root(address)
    first = memory.word(table + (address >> 20) * 4)
    check(mmu.first_kind(first) == "page table", f"0x{address:08x}: there is a table")
    return memory.word((first & 0xFFFFFC00) + (address >> 12 & 0xFF) * 4 - 2048)


def may_be_invalid(memory, mmu, address, rights):
    """Whether a page that is present has no valid descriptor by right: nobody may access it, or it is old: present, but not
    L_PTE_YOUNG. On Faultline compare_with_kernel() asks the entry."""
    if rights == 0 or not on_linux:
        return True
    return linux_entry(memory, mmu, address) & 0b11 == 0b01


def compare_with_pagemap(layout, table):
    memory = armv7_pt.PhysicalMemory()
    mmu = armv7_pt.Mmu.of_selected_cpu(memory)
    with memory:
        found = {va: leaf for va, leaf in mmu.leaves() if va < USER_TOP and mmu.access(leaf)[1] != "none"}
        for va, leaf in found.items():
            check(leaf.kind == "small page", f"layout {layout}, 0x{va:08x}: a {leaf.kind}")
            check(va in table, f"layout {layout}: 0x{va:08x} is mapped, but not in pagemap")
        for va, (frame, rights) in table.items():
            leaf = found.get(va)
            check(mmu.walk(va)[1] == leaf or leaf is None, f"layout {layout}, 0x{va:08x}: the walk and the list differ")
            if leaf is None:
                check(may_be_invalid(memory, mmu, va, rights), f"layout {layout}: 0x{va:08x} is in pagemap, but not mapped")
                continue
            check(leaf.base >> 12 == frame, f"layout {layout}, 0x{va:08x}: frame 0x{leaf.base >> 12:x}, pagemap has 0x{frame:x}")
            user = mmu.access(leaf)[1]
            check(rights & READ, f"layout {layout}, 0x{va:08x} is mapped {user}, but nobody may read it")
            check(user == "ro" or rights & WRITE, f"layout {layout}, 0x{va:08x} may be written")
            check(not leaf.xn == bool(rights & EXECUTE), f"layout {layout}, 0x{va:08x}: XN is {leaf.xn}")
    return len(found)


def compare_with_kernel(layout, table):
    """Faultline's own tables: the walker must find what each entry permits, and nothing else."""
    from fl.entries import Layout, entries
    from fl.kernel import Kernel
    from fl.machine_view import compare, rights_of_leaf, words_of
    from fl.tasks import mm_of

    with Kernel() as kernel:
        mmu = kernel.mmu  # the selected CPU's, which is on
        bits = Layout()
        _, mm = mm_of(kernel)
        truth = dict(entries(kernel, bits, mm))
        present = {va: pte >> 12 for va, pte in truth.items() if bits.has(pte, "PRESENT")}
        check(present == {va: frame for va, (frame, _) in table.items()}, f"layout {layout}: the kernel's tables are as pagemap")
        found = {va: leaf for va, leaf in mmu.leaves() if va < kernel.user_end}
        for va in set(truth) | set(found):
            pte, leaf = truth.get(va, 0), found.get(va)
            different = compare(bits.rights(pte), pte >> 12, rights_of_leaf(mmu, leaf), leaf)
            check(different is None or (lazy and leaf is None),
                  f"layout {layout}, 0x{va:08x}: {different}: the entry is {bits.words(pte)}, the machine's {words_of(rights_of_leaf(mmu, leaf))}")


def expanded(lines):
    """{address: (frame, words)} of what `fl pt` prints."""
    found = {}
    for line in lines:
        start, end, _, words, runs = re.fullmatch(r"0x([0-9a-f]+)-0x([0-9a-f]+) +(\d+): (.*), frames? (.*)", line).groups()
        frames = []
        for run in runs.split(", "):
            first, _, last = run.partition("-")
            first, last = int(first, 16), int(last or first, 16)
            frames += range(first, last + 1) if last >= first else range(first, last - 1, -1)
        pages = range(int(start, 16), int(end, 16), 4096)
        if len(frames) == 1:  # the zero page
            frames *= len(pages)
        check(len(frames) == len(pages), line)
        found.update({page: (frame, words) for page, frame in zip(pages, frames)})
    return found


def compare_with_commands(layout, table):
    """What `fl pt` and `fl vmas` print, with what the process itself has read."""
    shown = expanded(gdb.execute("fl pt", to_string=True).splitlines()[1:])
    check({page: frame for page, (frame, _) in shown.items()} == {page: frame for page, (frame, _) in table.items()},
          f"layout {layout}: fl pt shows the frames of pagemap")
    vmas = re.findall(r"^0x([0-9a-f]+)-0x([0-9a-f]+) (\S{3})", gdb.execute("fl vmas", to_string=True), re.M)
    for page, (_, rights) in table.items():
        letters = "".join(letter if rights & bit else "-" for letter, bit in zip("rwx", (READ, WRITE, EXECUTE)))
        check(any(int(start, 16) <= page < int(end, 16) and letters == words for start, end, words in vmas),
              f"layout {layout}, 0x{page:08x}: fl vmas has it as {letters}")
        check(("no-user" in shown.get(page, (0, ""))[1]) == (rights == 0), f"layout {layout}, 0x{page:08x}: no-user, or rights")


on_linux = int(gdb.convenience_variable("kernel")) == 2
if not on_linux:
    sys.path.insert(0, tools)
lazy = not on_linux and gdb.lookup_global_symbol("faultline::softtlb::cpus") is not None  # a page need not be in the TLB
gdb.execute("hbreak *$stop_here")
seen = []
while len(seen) < LAYOUTS:
    gdb.execute("continue", to_string=True)
    if armv7_pt.register("pc") != int(gdb.convenience_variable("stop_here")):
        break
    layout = armv7_pt.register("r0")
    if layout == 0 or layout in seen:  # seen: an interrupt came first, and the instruction is executed only now
        continue
    table = rows(layout)
    mapped = compare_with_pagemap(layout, table)
    if not on_linux:
        compare_with_kernel(layout, table)
        compare_with_commands(layout, table)
    print(f"layout {layout}: {len(table)} pages present, {mapped} mapped for the MMU")
    check(len(table) > 20 and mapped > (3 if lazy else 20), f"layout {layout} has pages")
    seen.append(layout)
check(seen == [1, 2, 3, 4, 5], f"five layouts, not {seen}")
finish()
