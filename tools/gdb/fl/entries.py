"""The software's page-table entries: found, and in words. They are the truth (arch/contract/pte.hpp)."""

import gdb

from fl.kernel import enumerators, find_type, member, other_build

PAGE = 4096


class Layout:
    """The shape of the tables and the bits of an entry, as this kernel has them."""

    def __init__(self):
        self.bits = {name: value for value, name in enumerators("faultline::Pte::Bit").items()}
        table = find_type("faultline::PteTable")
        self.entries_at, kind = member(table, "entries")
        self.per_table = kind.sizeof // 4

    def has(self, pte, *names):
        for name in names:
            if name not in self.bits:
                raise other_build(f"Pte::{name}")
        return all(pte & self.bits[name] for name in names)

    def swap(self, pte):
        """(area, slot) of an entry that is not present: mm/swap_entry.hpp."""
        constant = find_type("faultline::SwapEntry")
        shift, types = static(constant, "TYPE_SHIFT"), static(constant, "TYPES")
        return pte >> shift & types - 1, pte >> 12

    def is_lost(self, area):
        return area == static(find_type("faultline::SwapEntry"), "HWPOISON")

    def words(self, pte, frame=True):
        """As the kernel's own describe_pte() says it."""
        if pte == 0:
            return "none"
        if not self.has(pte, "PRESENT"):
            area, slot = self.swap(pte)
            return f"lost with frame 0x{slot:x}" if self.is_lost(area) else f"swap area {area} slot {slot}"
        words = [f"frame 0x{pte >> 12:x}"] if frame else []
        words += [yes if self.has(pte, bit) else no for bit, yes, no in (
            ("PRESENT", "present", "not-present"), ("YOUNG", "young", "old"), ("DIRTY", "dirty", "clean"),
            ("WRITE", "write", "read-only"), ("USER", "user", "no-user"), ("NOEXEC", "noexec", "exec"),
            ("SHARED", "shared", ""), ("SPECIAL", "special", ""))]
        return " ".join(word for word in words if word)

    # The law of the software bits: what user mode can do without a fault (pte_user_readable, pte_user_writable).
    def rights(self, pte):
        readable = self.has(pte, "PRESENT", "USER", "YOUNG")
        return {"read": readable, "write": readable and self.has(pte, "WRITE", "DIRTY"),
                "execute": readable and not self.has(pte, "NOEXEC")}


def static(struct, name):
    """A constant of a class."""
    try:
        return int(gdb.Value(bytes(struct.sizeof), struct)[name])
    except gdb.error:
        raise other_build(f"constant {struct.name}::{name}") from None


def tables(kernel, layout, mm):
    """(address of its first page, the PteTable) of each table."""
    for index, slot in enumerate(mm["context"]["pgd"].target()["tables"]):
        table = slot.target()
        if table is not None:
            yield index * layout.per_table * PAGE, table


def entries(kernel, layout, mm):
    """(address, bits) of each entry that is not none."""
    for start, table in tables(kernel, layout, mm):
        data = kernel.read(table.address + layout.entries_at, 4 * layout.per_table)
        for i in range(layout.per_table):
            bits = int.from_bytes(data[4 * i : 4 * i + 4], "little")
            if bits:
                yield start + i * PAGE, bits


def place_of(layout, mm, address):
    """(the table for an address, the index of the entry in it), or (None, index)."""
    index, entry = address // PAGE // layout.per_table, address // PAGE % layout.per_table
    return mm["context"]["pgd"].target()["tables"][index].target(), entry


def entry_at(kernel, layout, mm, address):
    table, index = place_of(layout, mm, address)
    return kernel.word(table.address + layout.entries_at + 4 * index) if table is not None else 0


def user_word(kernel, layout, mm, address):
    """The word at a user address, as it is in memory; None: its page is not there."""
    pte = entry_at(kernel, layout, mm, address)
    return kernel.memory.word((pte & ~(PAGE - 1)) + address % PAGE) if layout.has(pte, "PRESENT") else None
