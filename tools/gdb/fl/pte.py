"""`fl pte`: one page, as the kernel believes it, as it has told the machine, and as TLBs may have it."""

from fl.armv7 import Refused
from fl.command import command, user_address
from fl.entries import PAGE, Layout, place_of
from fl.machine_view import (WHAT_IS_DIFFERENT, asid_of, compare, held_by, mmu_with, rights_of_leaf, where_used,
                             words_of)
from fl.tasks import mm_of, name_of
from fl.vmas import line_of, vma_at


def walked_lines(kernel, mm, page, rights, pte):
    mmu = mmu_with(kernel, int(mm["context"]["hardware_directory"]))
    steps, leaf = mmu.walk(page)
    for step in steps[1:]:
        yield f"machine  {step}"
    different = compare(rights, pte >> 12, rights_of_leaf(mmu, leaf), leaf)
    yield f"agrees   {WHAT_IS_DIFFERENT[different]}"
    yield f"tlb      {where_used(kernel, mm)}; the hardware's TLB cannot be read: it may hold an older translation"


def softtlb_lines(kernel, mm, page, rights, pte):
    yield "machine  nothing is derived: each CPU copies the entry into its own TLB when it misses"
    if asid_of(kernel, mm) is None:
        yield "tlb      the address space has no ASID in this generation: no CPU holds anything of it"
        return
    for cpu in kernel.cpus():
        held = held_by(kernel, cpu, mm, page)
        yield f"tlb      CPU {cpu}: {held_words(*held, rights, pte) if held else 'not there; the next access asks the entry'}"
    yield f"tlb      {where_used(kernel, mm)}"


def held_words(entry, leaf, mmu, rights, pte):
    different = compare(rights, pte >> 12, rights_of_leaf(mmu, leaf), leaf)
    place = "in the tables that the hardware walks" if entry.installed else "kept aside until its next use"
    return (f"0x{entry.descriptor:08x} at 0x{leaf.base:08x}: {mmu.words(leaf)}; {place}; "
            f"agrees with the entry: {WHAT_IS_DIFFERENT[different].replace('the machine', 'it')}")


@command("pte", 2)
def pte(kernel, address=None, pid=None):
    """fl pte ADDRESS [PID]: the truth about one page of an address space.

    The entry in words, and what user mode may do by it; the descriptor that the back end has derived, as a table walk finds it;
    what the CPUs' TLBs hold, as far as that can be known; and whether they agree. Without a PID: the task that runs on the
    selected CPU."""
    if address is None:
        raise Refused("`fl pte` needs an address (`help fl pte`).")
    layout = Layout()
    where = user_address(address, kernel)
    task, mm = mm_of(kernel, pid)
    page = where & ~(PAGE - 1)
    table, index = place_of(layout, mm, where)
    vma = vma_at(mm, where)
    yield f"0x{where:08x} of {name_of(task)}"
    yield f"vma      {line_of(kernel, mm, vma) if vma is not None else 'none: an access is SIGSEGV'}"
    bits = 0
    if table is None:
        yield "entry    none: there is no table for this address"
    else:
        at = table.address + layout.entries_at + 4 * index
        bits = kernel.word(at)
        yield f"entry    0x{bits:08x} at 0x{at:08x}: {layout.words(bits)}"
    rights = layout.rights(bits)
    yield f"law      without a fault, user mode can: {words_of(rights)}"
    lines = softtlb_lines if kernel.mmu_name() == "softtlb" else walked_lines
    yield from lines(kernel, mm, page, rights, bits)
