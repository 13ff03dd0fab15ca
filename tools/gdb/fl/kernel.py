"""The kernel's data structures, found by the names that the source gives them.

They are read through physical memory, with the tables that TTBR1 names. gdb's own reading goes through the selected CPU
with the rights that it has just now, and a CPU in user mode may not read the kernel."""

import re

import gdb

from fl.armv7 import Mmu, PhysicalMemory, Refused, register, require_stopped_machine


def other_build(what):
    return Refused(f"This kernel has no {what}: the tools and the ELF file are not of the same source.")


def find_type(name):
    try:
        return gdb.lookup_type(name).strip_typedefs()
    except gdb.error:
        raise other_build(f"type {name}") from None


def has_type(name):
    try:
        gdb.lookup_type(name)
    except gdb.error:
        return False
    return True


def enumerators(name):
    """{value: name without its class} of an enumeration."""
    return {each.enumval: each.name.split("::")[-1] for each in find_type(name).fields()}


_members = {}  # found in this command: the next one may have another ELF file


def member(struct, name):
    """(offset in bytes, type) of a data member, also of one of a base class."""
    key = (str(struct), name)
    if key not in _members:
        _members[key] = _find_member(struct, name)
    if _members[key] is None:
        raise other_build(f"{struct.name or struct}::{name}")
    return _members[key]


def _find_member(struct, name):
    for each in struct.fields():
        if not hasattr(each, "bitpos"):
            continue  # static
        if each.name == name and not each.is_base_class:
            return each.bitpos // 8, each.type.strip_typedefs()
        if each.is_base_class or not each.name:
            found = _find_member(each.type.strip_typedefs(), name)
            if found is not None:
                return each.bitpos // 8 + found[0], found[1]
    return None


def innermost(kind):
    """The scalar inside wrappers such as Relaxed<u32>, std::atomic<u32>, UserAddr: their one data member's."""
    while kind.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
        inside = [each.type.strip_typedefs() for each in kind.fields()
                  if hasattr(each, "bitpos") and each.type.sizeof == kind.sizeof]
        if not inside:
            raise other_build(f"single value in {kind}")
        kind = inside[0]
    return kind


class Object:
    """Something in the kernel's memory: an address and a type."""

    __slots__ = ("kernel", "address", "type")

    def __init__(self, kernel, address, kind):
        self.kernel, self.address, self.type = kernel, address & 0xFFFFFFFF, kind.strip_typedefs()

    def __getitem__(self, key):
        if isinstance(key, str):
            offset, kind = member(self.type, key)
            return Object(self.kernel, self.address + offset, kind)
        if self.type.code == gdb.TYPE_CODE_ARRAY:
            kind = self.type.target()
            return Object(self.kernel, self.address + key * kind.sizeof, kind)
        return self["_M_elems"][key]  # std::array

    def __len__(self):
        array = self.type if self.type.code == gdb.TYPE_CODE_ARRAY else self["_M_elems"].type
        low, high = array.range()
        return high - low + 1

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __eq__(self, other):
        return isinstance(other, Object) and self.address == other.address

    def __hash__(self):
        return self.address

    def value(self):
        kind = innermost(self.type)
        return gdb.Value(self.kernel.read(self.address, kind.sizeof), kind)

    def __int__(self):
        return int(self.value())

    def __bool__(self):
        return int(self) != 0

    def target(self):
        """What a pointer points to; None for a null pointer."""
        kind = innermost(self.type)
        address = int(self) & 0xFFFFFFFF
        return Object(self.kernel, address, kind.target()) if address else None

    def enumerator(self):
        return str(self.value()).split("::")[-1]

    def is_any(self, *names):
        """Whether it is one of these enumerators, which there must be."""
        known = [each.name.split("::")[-1] for each in innermost(self.type).fields()]
        for name in names:
            if name not in known:
                raise other_build(f"{innermost(self.type)}::{name}")
        return self.enumerator() in names

    def text(self, limit=256):
        """A C string: an array of characters, or where a `const char*` points."""
        address = self.address if self.type.code == gdb.TYPE_CODE_ARRAY else int(self) & 0xFFFFFFFF
        return self.kernel.string(address, limit)

    def as_type(self, kind):
        return Object(self.kernel, self.address, kind)

    def late(self):
        """What a Late<T> holds."""
        return self.as_type(self.type.template_argument(0))

    def per_cpu(self, cpu):
        """One CPU's instance of a PerCpu<T>."""
        return self["each_"][cpu]["value"]


def hook_of(container):
    """(type of the elements, name of the hook) of an intrusive list or tree."""
    hook = re.search(r"&[\w:() ]+::(\w+)>", str(container))
    if hook is None:
        raise other_build(f"intrusive container {container}")
    return container.template_argument(0).strip_typedefs(), hook.group(1)


def elements(container):
    """The elements of an intrusive List or Tree (base/intrusive.hpp), in their order."""
    kind, hook = hook_of(container.type)
    offset = member(kind, hook)[0]
    nodes = list_nodes if "intrusive::list<" in str(container.type) else tree_nodes
    return (Object(container.kernel, node - offset, kind) for node in nodes(container))


def list_nodes(container):
    head = container["data_"]["root_plus_size_"]["m_header"]
    at = member(head.type, "next_")[0]
    return walk_list(head.address, lambda node: container.kernel.word(node + at))


def tree_nodes(container):
    header = container["holder"]["root"]
    kind = member(header.type, "parent_")[1].target()
    left, right = (member(kind, name)[0] for name in ("left_", "right_"))
    word = container.kernel.word
    return walk_tree(int(header["parent_"]), lambda node: word(node + left), lambda node: word(node + right))


MOST_ELEMENTS = 1_000_000  # a container that is being changed may go in a circle


def walk_list(head, following):
    """The addresses of the nodes of a Boost list. following(node) is the next one's."""
    node = following(head)
    for _ in range(MOST_ELEMENTS):
        if node in (0, head):
            return
        yield node
        node = following(node)
    raise Refused("A list goes in a circle: it is just being changed, or it is damaged.")


def walk_tree(root, left, right):
    """The same of a Boost tree, in order. The low bit of the root's address is its header's colour."""
    above, node = [], root & 0xFFFFFFFC
    for _ in range(MOST_ELEMENTS):
        while node:
            above.append(node)
            node = left(node)
        if not above:
            return
        node = above.pop()
        yield node
        node = right(node)
    raise Refused("A tree goes in a circle: it is just being changed, or it is damaged.")


class Kernel:
    """The kernel in the stopped machine, within a `with`."""

    def __init__(self, prepare=None):
        self._prepare = prepare

    def __enter__(self):
        require_stopped_machine()
        _members.clear()
        if not has_type("faultline::Task"):
            raise Refused("gdb has no symbols of Faultline: start it with build/arm/faultline.elf, or name that with `file`.")
        self.cpu = gdb.selected_thread().ptid[1] - 1  # QEMU counts them from 1
        self.memory = PhysicalMemory()
        self.mmu = self._mmu()
        self.prepared = self._prepare() if self._prepare is not None else None
        probe, expected = self._text_of_the_file()
        self.memory.__enter__()
        try:
            self._translations = {}
            self.user_end = 1 << (32 - self.mmu.n)
            if self.read(probe, len(expected)) != expected:
                raise Refused("The machine runs another kernel than the one whose symbols gdb has: name its ELF file with `file`.")
        except BaseException:
            self.memory.__exit__()
            raise
        return self

    def __exit__(self, *problem):
        self.memory.__exit__(*problem)

    def _mmu(self):
        """The registers of a CPU whose MMU is on: the selected one, or another; the kernel is the same for all."""
        if register("SCTLR") & 1:
            return Mmu.of_selected_cpu(self.memory)
        selected = gdb.selected_thread()
        try:
            for thread in gdb.selected_inferior().threads():
                thread.switch()
                if register("SCTLR") & 1:
                    return Mmu.of_selected_cpu(self.memory)
        finally:
            selected.switch()
        raise Refused("The MMU is still off: the kernel has not begun. Let it run, for instance to `hbreak start_kernel`.")

    @staticmethod
    def _text_of_the_file():
        """(address, bytes) of a piece of the kernel's code, as the ELF file has it; of the back end's, because the rest may be
        the same in both kernels."""
        trusts = gdb.parameter("trust-readonly-sections")
        gdb.execute("set trust-readonly-sections on")
        try:
            address = int(gdb.lookup_global_symbol("faultline::mmu_name").value().address)
            return address, bytes(gdb.selected_inferior().read_memory(address, 256))
        except (AttributeError, gdb.MemoryError):
            raise other_build("function faultline::mmu_name") from None
        finally:
            gdb.execute(f"set trust-readonly-sections {'on' if trusts else 'off'}")

    def physical(self, address):
        """The physical address of a kernel address."""
        page = address & ~0xFFF
        if page not in self._translations:
            _, leaf = self.mmu.walk(page)
            if leaf is None or page < self.user_end:
                raise Refused(f"Nothing is mapped at the kernel address 0x{address:08x}: is the ELF file this machine's?")
            self._translations[page] = leaf.base + page % leaf.size
        return self._translations[page] + address % 4096

    def read(self, address, size):
        data = b""
        while size > 0:
            part = min(size, 4096 - address % 4096)
            data += self.memory.read(self.physical(address), part)
            address, size = address + part, size - part
        return data

    def word(self, address):
        return int.from_bytes(self.read(address, 4), "little")

    def string(self, address, limit=256):
        data = b""
        while len(data) < limit and b"\0" not in data:
            data += self.read(address + len(data), min(64, 4096 - (address + len(data)) % 4096))
        return data.split(b"\0")[0].decode(errors="replace")

    def variable(self, name):
        """A variable of namespace faultline; `name` may say more namespaces."""
        name = "faultline::" + name
        found = gdb.lookup_global_symbol(name) or gdb.lookup_static_symbol(name)
        if found is None:
            raise other_build(f"variable {name}")
        return Object(self, int(found.value().address), found.type)

    def at(self, address, type_name):
        return Object(self, address, find_type("faultline::" + type_name))

    def mmu_name(self):
        return "softtlb" if gdb.lookup_global_symbol("faultline::softtlb::cpus") else "walked"

    def cpus(self):
        """The numbers of the CPUs whose run queue exists."""
        mask = int(self.variable("online_cpus"))
        return [cpu for cpu in range(32) if mask >> cpu & 1]
