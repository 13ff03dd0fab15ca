"""The translation tables of an ARMv7 machine in QEMU, as its MMU walks them. Any kernel, no symbols needed:

    (gdb) source tools/gdb/armv7-pt.py
    (gdb) armv7-pt                every valid mapping of the selected CPU; equal neighbours are folded into one line
    (gdb) armv7-pt user           only what user mode may access
    (gdb) armv7-pt 0x80008000     the translation of one address, step by step

It reads TTBR0, TTBR1, TTBCR, DACR and SCTLR of the selected CPU (gdb: `thread N`) and then physical memory, in which
the tables lie. It changes nothing. Short descriptors only (ARM ARM DDI 0406C, B3.5); it says so if TTBCR.EAE is on. On a
machine with the security extensions, QEMU shows the non-secure copies of the registers.

What it tells is what a walk finds *now*. A TLB may still hold what an older walk found; no debugger can see that."""

from collections import namedtuple

try:
    import gdb
except ImportError:  # the decoding below is plain Python
    gdb = None


class Refused(Exception):
    """Why a command cannot do what was asked, in one sentence."""


# --- registers and physical memory, through the stub of QEMU ----------------------------------------------------------

# An answer that comes later than this gdb takes for the one to its next question. Its own limit is two seconds; a busy host
# keeps QEMU waiting for longer.
if gdb is not None:
    gdb.execute("set remotetimeout 60")


def require_stopped_machine():
    thread = gdb.selected_thread()
    if thread is None or not thread.is_valid():
        raise Refused("There is no machine: connect to one first, with `target remote`.")
    if thread.is_running():
        raise Refused("The machine is running: stop it first, with Ctrl-C or `interrupt`.")


def register(name, otherwise=None):
    """A register of the selected CPU. Those that not every CPU has get a value for `otherwise`."""
    try:
        return int(gdb.newest_frame().read_register(name)) & 0xFFFFFFFF
    except (ValueError, gdb.error):
        if otherwise is None:
            raise Refused(f"The machine shows no register {name}: it is not an ARMv7-A machine in QEMU.") from None
        return otherwise


class PhysicalMemory:
    """Reads memory by its physical addresses, within a `with`. Whole pages are kept: until the end of the scope the
    machine stands still, so they stay what they are. Inside, gdb itself reads physical memory, too: registers, frames and
    values are looked at before."""

    PAGE = 4096

    def __enter__(self):
        require_stopped_machine()
        self._pages = {}
        self._mode(1)
        return self

    def __exit__(self, *_):
        self._mode(0)

    @staticmethod
    def _mode(on):
        try:
            answer = gdb.execute(f"maintenance packet Qqemu.PhyMemMode:{on}", to_string=True)
        except gdb.error as error:
            raise Refused(f"The machine does not answer: {error}.") from None
        if '"OK"' not in answer:
            raise Refused("The other side is not QEMU 5.0 or later: it cannot read physical memory.")

    def read(self, address, size):
        data = b""
        while size > 0:
            page, offset = address & -self.PAGE, address & (self.PAGE - 1)
            if page not in self._pages:
                try:
                    self._pages[page] = bytes(gdb.selected_inferior().read_memory(page, self.PAGE))
                except gdb.MemoryError:
                    raise Refused(f"There is no memory at the physical address 0x{page:08x}.") from None
            part = self._pages[page][offset : offset + size]
            data += part
            address += len(part)
            size -= len(part)
        return data

    def word(self, address):
        return int.from_bytes(self.read(address, 4), "little")

    def words(self, address, count):
        data = self.read(address, 4 * count)
        return [int.from_bytes(data[i : i + 4], "little") for i in range(0, len(data), 4)]


# --- descriptors ------------------------------------------------------------------------------------------------------


def field(word, low, width=1):
    return (word >> low) & ((1 << width) - 1)


# What a privileged and a user access may do, by AP[2:0] with SCTLR.AFE = 0 (table B3-8), and by AP[2:1] with AFE = 1.
ACCESS = {0: ("none", "none"), 1: ("rw", "none"), 2: ("rw", "ro"), 3: ("rw", "rw"), 5: ("ro", "none"), 6: ("ro", "ro"),
          7: ("ro", "ro")}
ACCESS_AFE = {0: ("rw", "none"), 1: ("rw", "rw"), 2: ("ro", "none"), 3: ("ro", "ro")}

# TEX[2:0] C B with SCTLR.TRE = 0 (table B3-10); 0b1AABB is normal memory with AA outer, BB inner.
MEMORY = {0b00000: "strongly-ordered", 0b00001: "shareable device", 0b00010: "write-through", 0b00011: "write-back",
          0b00100: "non-cacheable", 0b00110: "implementation defined", 0b00111: "write-back write-allocate",
          0b01000: "non-shareable device"}
CACHE = ("non-cacheable", "write-back write-allocate", "write-through", "write-back")


class Leaf(namedtuple("Leaf", "kind base size ap xn pxn ng s memory domain descriptor")):
    """A descriptor that ends a walk: a section, supersection, large page or small page, and the domain above it."""

    KINDS = {"small page": 1 << 12, "large page": 1 << 16, "section": 1 << 20, "supersection": 1 << 24}


def cacheability(word, n):
    return CACHE[field(word, 2 * n, 2)]


class Mmu:
    """The control registers of a CPU, and what they make of a table. `memory` has word(), words()."""

    def __init__(self, memory, ttbr0, ttbr1, ttbcr, dacr, sctlr, prrr=0, nmrr=0, has_pxn=True):
        self.memory, self.ttbr0, self.ttbr1, self.ttbcr = memory, ttbr0, ttbr1, ttbcr
        self.dacr, self.prrr, self.nmrr, self.has_pxn = dacr, prrr, nmrr, has_pxn
        self.n = field(ttbcr, 0, 3)
        self.on, self.tre, self.afe = field(sctlr, 0), field(sctlr, 28), field(sctlr, 29)

    @classmethod
    def of_selected_cpu(cls, memory):
        sctlr, ttbcr = register("SCTLR"), register("TTBCR")
        if not field(sctlr, 0):
            raise Refused("The MMU of this CPU is off (SCTLR.M is 0): addresses are physical.")
        if field(ttbcr, 31):
            raise Refused("This CPU uses long descriptors (TTBCR.EAE is 1, LPAE); only short ones are known here.")
        # QEMU shows PRRR and NMRR under the names that they have with long descriptors.
        return cls(memory, register("TTBR0"), register("TTBR1"), ttbcr, register("DACR"), sctlr,
                   register("MAIR0", 0), register("MAIR1", 0), field(register("ID_MMFR0", 4), 0, 4) >= 4)

    def describe(self):
        return (f"TTBR0 0x{self.ttbr0:08x}, TTBR1 0x{self.ttbr1:08x}, TTBCR.N {self.n}, DACR 0x{self.dacr:08x}, "
                f"AFE {self.afe}, TRE {self.tre}")

    def root(self, va):
        """Which register translates the address, and where its table is; no table: walks through it are disabled."""
        if self.n == 0 or va >> (32 - self.n) == 0:
            table = self.ttbr0 & ~((1 << (14 - self.n)) - 1) & 0xFFFFFFFF
            return "TTBR0", None if field(self.ttbcr, 4) else table
        return "TTBR1", None if field(self.ttbcr, 5) else self.ttbr1 & 0xFFFFC000

    # The kinds of the two levels (figures B3-4 and B3-5). Bit 0 of a section is PXN where the CPU has it.
    def first_kind(self, word):
        kind = word & 3
        if kind == 3 and not self.has_pxn:
            return "fault"
        return ("fault", "page table", "section", "section")[kind] if not (kind & 2 and field(word, 18)) else "supersection"

    def first_leaf(self, word):
        if self.first_kind(word) == "supersection":
            base = (word & 0xFF000000) | field(word, 20, 4) << 32 | field(word, 5, 4) << 36
            kind, domain = "supersection", 0
        else:
            base, kind, domain = word & 0xFFF00000, "section", field(word, 5, 4)
        return Leaf(kind, base, Leaf.KINDS[kind], field(word, 15) << 2 | field(word, 10, 2), field(word, 4),
                    field(word, 0) if self.has_pxn else 0, field(word, 17), field(word, 16),
                    field(word, 12, 3) << 2 | field(word, 2, 2), domain, word)

    @staticmethod
    def second_kind(word):
        return ("fault", "large page", "small page", "small page")[word & 3]

    def second_leaf(self, word, first):
        kind = self.second_kind(word)
        large = kind == "large page"
        return Leaf(kind, word & (0xFFFF0000 if large else 0xFFFFF000), Leaf.KINDS[kind],
                    field(word, 9) << 2 | field(word, 4, 2), field(word, 15 if large else 0),
                    field(first, 2) if self.has_pxn else 0, field(word, 11), field(word, 10),
                    field(word, 12 if large else 6, 3) << 2 | field(word, 2, 2), field(first, 5, 4), word)

    # What a leaf permits.
    def access(self, leaf):
        """(privileged, user): "rw", "ro" or "none"; nothing at all if its access flag is clear."""
        kind = field(self.dacr, 2 * leaf.domain, 2)
        if kind == 3:  # manager: nothing is checked
            return "rw", "rw"
        if kind != 1:
            return "none", "none"
        if self.afe:
            return ACCESS_AFE[leaf.ap >> 1] if leaf.ap & 1 else ("none", "none")
        return ACCESS.get(leaf.ap, ("none", "none"))

    def user_may_execute(self, leaf):
        manager = field(self.dacr, 2 * leaf.domain, 2) == 3
        return self.access(leaf)[1] != "none" and (manager or not leaf.xn)

    def memory_words(self, leaf):
        if self.tre:
            n = leaf.memory & 7
            kind = field(self.prrr, 2 * n, 2)
            if kind != 2:
                return ("strongly-ordered", "device", "", "reserved")[kind]
            outer, inner = cacheability(self.nmrr >> 16, n), cacheability(self.nmrr, n)
        elif leaf.memory & 0b10000:
            outer, inner = CACHE[field(leaf.memory, 2, 2)], CACHE[field(leaf.memory, 0, 2)]
        else:
            return MEMORY.get(leaf.memory, "reserved")
        return inner if inner == outer else f"{inner} (outer {outer})"

    def words(self, leaf):
        privileged, user = self.access(leaf)
        words = [f"privileged {privileged}, user {user}"]
        if self.afe and not leaf.ap & 1:
            words.append("access flag clear")
        words += [word for bit, word in ((leaf.xn, "XN"), (leaf.pxn, "PXN"), (leaf.ng, "nG"), (leaf.s, "shareable")) if bit]
        domain = ("no access", "client", "reserved", "manager")[field(self.dacr, 2 * leaf.domain, 2)]
        return ", ".join(words + [self.memory_words(leaf), f"domain {leaf.domain} ({domain})"])

    def walk(self, va):
        """(lines, leaf): each step in words, and the leaf that the walk ends at, or None: a translation fault."""
        name, table = self.root(va)
        lines = [f"TTBCR.N is {self.n}: 0x{va:08x} goes through {name}, 0x{getattr(self, name.lower()):08x}"]
        if table is None:
            return lines + [f"walks through {name} are disabled (TTBCR.PD{name[-1]}): translation fault"], None
        at = table + (va >> 20) * 4
        first = self.memory.word(at)
        kind = self.first_kind(first)
        lines.append(f"first level:  entry 0x{va >> 20:03x} at 0x{at:08x} is 0x{first:08x}: {kind}")
        if kind == "fault":
            return lines + ["translation fault, first level"], None
        if kind == "page table":
            at = (first & 0xFFFFFC00) + field(va, 12, 8) * 4
            second = self.memory.word(at)
            kind = self.second_kind(second)
            lines[-1] += f" at 0x{first & 0xFFFFFC00:08x}, domain {field(first, 5, 4)}{', PXN' if field(first, 2) else ''}"
            lines.append(f"second level: entry 0x{field(va, 12, 8):02x} at 0x{at:08x} is 0x{second:08x}: {kind}")
            if kind == "fault":
                return lines + ["translation fault, second level"], None
            leaf = self.second_leaf(second, first)
        else:
            leaf = self.first_leaf(first)
        lines += [f"0x{va:08x} is physical 0x{leaf.base + va % leaf.size:08x}", self.words(leaf)]
        return lines, leaf

    def leaves(self):
        """(address, leaf) of each valid descriptor, in the order of addresses. A large page or supersection, whose
        descriptor is repeated sixteen times, comes once."""
        tables = {}
        for index in range(4096):
            va = index << 20
            name, table = self.root(va)
            if table is None:
                continue
            if name not in tables:  # TTBR0's has only the megabytes below 2^(32 - N)
                tables[name] = self.memory.words(table, 4096 >> (self.n if name == "TTBR0" else 0))
            first = tables[name][index]
            kind = self.first_kind(first)
            if kind == "page table":
                for number, second in enumerate(self.memory.words(first & 0xFFFFFC00, 256)):
                    if self.second_kind(second) != "fault":
                        leaf = self.second_leaf(second, first)
                        page = va | number << 12
                        if page % leaf.size == 0:
                            yield page, leaf
            elif kind != "fault":
                leaf = self.first_leaf(first)
                if va % leaf.size == 0:
                    yield va, leaf


def fold(mmu, leaves):
    """Lines of equal neighbours: (start, end, physical start, how many, kind, words)."""
    lines = []
    for va, leaf in leaves:
        words = mmu.words(leaf)
        if lines:
            start, end, base, count, kind, last = lines[-1]
            if (end, base + (end - start), kind, last) == (va, leaf.base, leaf.kind, words):
                lines[-1] = (start, va + leaf.size, base, count + 1, kind, last)
                continue
        lines.append((va, va + leaf.size, leaf.base, 1, leaf.kind, words))
    return lines


# --- the command ------------------------------------------------------------------------------------------------------


def parse_address(text):
    """An address as a number or as an expression of gdb's; 0 … 2^32 - 1."""
    try:
        value = int(text, 0)
    except ValueError:
        try:
            value = int(gdb.parse_and_eval(text))
        except (gdb.error, ValueError):
            raise Refused(f"'{text}' is not an address.") from None
    if not -(1 << 31) <= value < 1 << 32:
        raise Refused(f"'{text}' is not an address of 32 bits.")
    return value & 0xFFFFFFFF


def show_all(only_user):
    memory = PhysicalMemory()
    mmu = Mmu.of_selected_cpu(memory)
    with memory:
        leaves = [(va, leaf) for va, leaf in mmu.leaves() if not only_user or mmu.access(leaf)[1] != "none"]
    print(mmu.describe())
    for start, end, base, count, kind, words in fold(mmu, leaves):
        print(f"0x{start:08x}-0x{end:08x} is 0x{base:08x}, {count} {kind}{'s' if count > 1 else ''}: {words}")
    if not leaves:
        print("No address is mapped.")


def show_one(va):
    memory = PhysicalMemory()
    mmu = Mmu.of_selected_cpu(memory)
    with memory:
        lines, _ = mmu.walk(va)
    print("\n".join(lines))


if gdb is not None:

    class Armv7Pt(gdb.Command):
        __doc__ = __doc__

        def __init__(self):
            super().__init__("armv7-pt", gdb.COMMAND_DATA)

        def invoke(self, argument, from_tty):
            try:
                require_stopped_machine()
                argument = argument.strip()
                if argument in ("", "user"):
                    show_all(argument == "user")
                else:
                    show_one(parse_address(argument))
            except Refused as refused:
                raise gdb.GdbError(str(refused)) from None

    Armv7Pt()
