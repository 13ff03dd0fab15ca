"""`fl vmas`: what is mapped where, with which rights. The kernel decides by these what a fault is to become."""

import gdb

from fl.command import command
from fl.kernel import elements, find_type
from fl.tasks import mm_of, name_of, short

# mm/vma.hpp; the values are Linux's.
READ, WRITE, EXEC, SHARED, GROWSDOWN, LOCKED = 0x1, 0x2, 0x4, 0x8, 0x100, 0x2000


def all_vmas(mm):
    return elements(mm["vmas"])


def vma_at(mm, address):
    """The VMA that contains the address, or None."""
    return next((vma for vma in all_vmas(mm) if int(vma["start"]) <= address < int(vma["end"])), None)


def rights(vma):
    flags = int(vma["flags"])
    return "".join(letter if flags & bit else "-" for bit, letter in ((READ, "r"), (WRITE, "w"), (EXEC, "x"))) + (
        "s" if flags & SHARED else "p")


def path_of(inode):
    """Through the first name of each directory above."""
    parts = []
    while inode is not None and len(parts) < 40:
        dentry = next(elements(inode["names"]), None)
        if dentry is None:
            break
        parts.append(inode.kernel.read(dentry["text"].address, int(dentry["length"])).decode(errors="replace"))
        inode = dentry["parent"].target()
    return "/" + "/".join(reversed(parts))


def backing(kernel, mm, vma):
    mapping = vma["mapping"].target()
    if mapping is None:
        if int(mm["start_brk"]) <= int(vma["start"]) and int(vma["end"]) <= (int(mm["brk"]) + 4095 & ~4095) != 0:
            return "[heap]"
        return "[stack]" if int(vma["start"]) <= int(mm["start_stack"]) < int(vma["end"]) else "anonymous"
    named_by = gdb.block_for_pc(int(mapping["ops"].target()["name"]))
    number = f"inode {int(mapping['inode'])}"
    if named_by is not None and named_by.function is not None and short(named_by.function.print_name) == "mapping_name":
        host = mapping.as_type(find_type("faultline::InodeMapping"))["host"].target()
        return f"{path_of(host)} ({number}), page {int(vma['pgoff'])}"
    return f"{number}, page {int(vma['pgoff'])}"


def line_of(kernel, mm, vma):
    flags = int(vma["flags"])
    more = [word for bit, word in ((GROWSDOWN, "grows down"), (LOCKED, "locked")) if flags & bit]
    return (f"0x{int(vma['start']):08x}-0x{int(vma['end']):08x} {rights(vma)} "
            + ", ".join([backing(kernel, mm, vma)] + more))


@command("vmas", 1)
def vmas(kernel, pid=None):
    """fl vmas [PID]: the VMAs of an address space: range, rights, and the file or memory behind it.

    Without a PID: the task that runs on the selected CPU."""
    task, mm = mm_of(kernel, pid)
    yield f"{name_of(task)}: {int(mm['map_count'])} VMAs, {int(mm['total_vm'])} pages"
    for vma in all_vmas(mm):
        yield line_of(kernel, mm, vma)
