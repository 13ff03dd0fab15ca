"""How gdb prints the kernel's own types: addresses, entries, results, guards, intrusive containers."""

import gdb
import gdb.printing

from fl.entries import Layout
from fl.kernel import hook_of, member, walk_list, walk_tree


def text(function):
    """Makes a printer of a function from a value to its text."""

    class Text:
        def __init__(self, value):
            self._value = value

        def to_string(self):
            try:
                return function(self._value)
            except gdb.error as error:  # the compiler has not kept it, or its memory cannot be read
                return f"<{error}>"

    return Text


def type_of(value):
    kind = value.type
    if kind.code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
        kind = kind.target()
    return kind.strip_typedefs().unqualified()


def number(value, name):
    """The unsigned number in this member."""
    value = value[name]
    while type_of(value).code == gdb.TYPE_CODE_STRUCT:
        value = value[type_of(value).fields()[0]]
    return int(value) & 0xFFFFFFFF


def pte(value):
    """Pte; PteSlot, too: its place in a table."""
    bits = value["bits_"]
    if type_of(bits).code == gdb.TYPE_CODE_STRUCT:
        bits = bits["_M_i"]
    return Layout().words(int(bits) & 0xFFFFFFFF)


def address(value):
    return f"0x{number(value, 'value_'):08x}"


def pfn(value):
    return f"frame 0x{number(value, 'value_'):x}"


def flags(value):
    return f"0x{number(value, 'bits_'):x}"


def result(value):
    error = str(value["error_"]).split("::")[-1]
    if int(value["error_"]) != 0:
        return error if error.startswith("E") or error.isdigit() else "E" + error
    names = [each.name for each in type_of(value).fields()]
    return f"{value['value_']}" if "value_" in names else "ok"


def relaxed(value):
    atomic = value["value_"]
    names = [each.name for each in type_of(atomic).fields()]
    for outer, inner in (("_M_b", "_M_p"), ("_M_base", "_M_i")):  # of a pointer, of a bool
        if outer in names:
            return str(atomic[outer][inner])
    return str(atomic["_M_i"])


def late(value):
    kind = type_of(value).template_argument(0)
    return str(value["bytes_"].address.cast(kind.pointer()).dereference())


def mmap_guard(value):
    kind = type_of(value).name.split("::")[-1]
    how = {"MmapReadGuard": "held for reading", "MmapWriteGuard": "held for writing",
           "MmapUnshared": "not needed, nothing else finds it"}.get(kind, "held")
    return f"mmap_lock of address space 0x{int(value['mm_'].referenced_value().address):08x}, {how}"


def guard(value):
    lock = value["lock_"].referenced_value()
    return f"{type_of(lock)} at 0x{int(lock.address):08x}, held"


def irq_locked(value):
    return f"{guard(value['held_'])}, interrupts masked"


class Container:
    """The elements of a List or Tree."""

    def __init__(self, value):
        self._value = value
        self._kind, hook = hook_of(type_of(value))
        self._offset = member(self._kind, hook)[0]
        self._is_list = "intrusive::list<" in str(type_of(value))

    def display_hint(self):
        return "array"

    def to_string(self):
        return f"{'list' if self._is_list else 'tree'} of {self._kind}"

    def children(self):
        for i, node in enumerate(self._nodes()):
            yield f"[{i}]", gdb.Value(node - self._offset).cast(self._kind.pointer())

    def _nodes(self):
        if self._is_list:
            head = self._value["data_"]["root_plus_size_"]["m_header"]
            return walk_list(int(head.address), self._link(head["next_"].type, "next_"))
        root = self._value["holder"]["root"]["parent_"]
        return walk_tree(int(root), self._link(root.type, "left_"), self._link(root.type, "right_"))

    @staticmethod
    def _link(pointer, name):
        return lambda node: int(gdb.Value(node).cast(pointer)[name])


def fault_info(value):
    bits = int(value["bits_"])  # arch/contract/fault_info.hpp
    kind = gdb.Value(bits >> 12 & 7).cast(gdb.lookup_type("faultline::FaultKind"))
    access = "fetch from" if bits & 0x100 else "write to" if bits & 0x1 else "read of"
    return f"{str(kind).split('::')[-1]}: {access} 0x{int(value['address']):08x} by {'user' if bits & 0x40 else 'kernel'} code"


NAMES = (("Pte", r"^faultline::Pte(Slot)?$", pte),
         ("Address", r"^faultline::Address<.*>$", address),
         ("Pfn", r"^faultline::Pfn$", pfn),
         ("FaultInfo", r"^faultline::FaultInfo$", fault_info),
         ("Flags", r"^faultline::Flags<.*>$", flags),
         ("Result", r"^faultline::Result<.*>$", result),
         ("Relaxed", r"^faultline::Relaxed<.*>$", relaxed),
         ("Late", r"^faultline::Late<.*>$", late),
         ("mmap guards", r"^faultline::Mmap(Locked|ReadGuard|WriteLocked|WriteGuard|Unshared)$", mmap_guard),
         ("guards", r"^faultline::(Guard|ReadGuard|WriteGuard)<.*>$", guard),
         ("IrqLocked", r"^faultline::IrqLocked<.*>$", irq_locked),
         ("containers", r"^boost::intrusive::(list|set)<.*>$", Container))

printers = gdb.printing.RegexpCollectionPrettyPrinter("faultline")
for name, pattern, printer in NAMES:
    printers.add_printer(name, pattern, printer if printer is Container else text(printer))
gdb.printing.register_pretty_printer(None, printers, replace=True)
