"""Words of records in words: as kernel/debug/trace_text.cpp prints them."""

import errno

import records

# arch/contract/pte.hpp
PTE_BITS = [(1, "present", "not-present"), (2, "young", "old"), (4, "dirty", "clean"), (8, "write", "read-only"),
            (16, "user", "no-user"), (32, "noexec", "exec"), (64, "shared", ""), (128, "special", "")]


def pte(value):
    if value == 0:
        return "none"
    if not value & 1:  # mm/swap_entry.hpp
        area, offset = value >> 8 & 15, value >> 12
        return f"lost with frame 0x{offset:x}" if area == 15 else f"swap area {area} slot {offset}"
    bits = [on if value & bit else off for bit, on, off in PTE_BITS]
    return " ".join([f"frame 0x{value >> 12:x}", *filter(None, bits)])


# ARM ARM B3.7.1: AP[2:0]
ACCESS = {0b011: "read-write", 0b111: "read-only", 0b010: "read-only for user mode", 0b001: "privileged read-write",
          0b101: "privileged read-only", 0: "no access"}
DESCRIPTOR_FLAGS = [(0, "XN"), (11, "nG"), (10, "S")]


def descriptor(value):
    """An ARMv7 small page (ARM ARM B3.5.1)."""
    if value & 2 == 0:
        return "none: every access faults"
    access = ACCESS.get((value >> 7 & 4) | (value >> 4 & 3), "reserved")
    flags = [name for bit, name in DESCRIPTOR_FLAGS if value >> bit & 1]
    return ", ".join([f"small page at 0x{value & 0xfffff000:08x}", access, *flags])


def signed(value):
    return value - (1 << 32) if value & 0x80000000 else value


FIRST_ERROR = 0xfffff001


def result(value):
    if value >= FIRST_ERROR:
        number = (1 << 32) - value
        return f"-{errno.errorcode.get(number, number)}"
    return f"0x{value:x}"


def word(kind, value, syscalls):
    if "|" in kind:
        names = kind.split("|")
        return names[value] if value < len(names) else str(value)
    return {
        "pte": lambda: f"[{pte(value)}]",
        "desc": lambda: f"[{descriptor(value)}]",
        "x": lambda: f"0x{value:08x}",
        "d": lambda: str(signed(value)),
        "cpus": lambda: f"0x{value:x}",
        "errno": lambda: result(value),
        "sys": lambda: syscalls.get(value, f"0x{value:x}"),
    }.get(kind, lambda: str(value))()


def fields(record, syscalls):
    """[(name, text)] of a record."""
    if record.station.enumerator == "TaskRename":
        return [("comm", records.comm(record))]
    return [(name, word(kind, value, syscalls)) for (name, kind), value in zip(record.station.fields, record.words)]
