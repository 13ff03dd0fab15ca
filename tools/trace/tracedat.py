"""trace.dat, version 6, as trace-cmd(1) and KernelShark read it: trace-cmd.dat.v6(5), and Linux's ring buffer.

The file brings the format of each event along, and how to print it. Where Linux has an event of that name, its fields have Linux's
names, so that what looks for them (KernelShark's view of the scheduler) finds them. What a record does not tell, the name and
priority of a task, is what was last known.
"""

import collections
import errno
import re
import struct

import records
import words
from stations import GROUPS, STATIONS

PAGE, LONG = 4096, 4
HEADER = struct.Struct("<QI")  # of a page: its time, and how many bytes of it are used
LONGEST_DELTA = (1 << 27) - 1
TIME_EXTEND = 30

HEADER_PAGE = f"""\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;
\tfield: local_t commit;\toffset:8;\tsize:{LONG};\tsigned:1;
\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;
\tfield: char data;\toffset:{HEADER.size};\tsize:{PAGE - HEADER.size};\tsigned:1;
"""
HEADER_EVENT = """# compressed entry header
\ttype_len    :    5 bits
\ttime_delta  :   27 bits
\tarray       :   32 bits

\tpadding     : type == 29
\ttime_extend : type == 30
\ttime_stamp : type == 31
\tdata max type_len  == 28
"""
# The fields that each event begins with.
COMMON = [("unsigned short common_type", "H"), ("unsigned char common_flags", "B"), ("unsigned char common_preempt_count", "B"),
          ("int common_pid", "i")]
ARGUMENTS = ["arg0", "arg1", "arg2"]  # of sys_enter. Linux has an array

COMM = "16s"
LINUX_STATE = {"R": 0, "S": 1, "D": 2, "K": 0x102, "T": 4, "X": 16, "Z": 32}


def symbolic(value, pairs):
    return f"__print_symbolic({value}, " + ", ".join(f'{{ 0x{number:x}, "{text}" }}' for number, text in pairs) + ")"


def printed(kind, value, syscalls):
    """(conversions, arguments) that print a word as words.word() does."""
    if "|" in kind:
        return "%s", [symbolic(value, enumerate(kind.split("|")))]
    if kind == "pte":
        bits = [symbolic(f"{value} & 0x{1 | bit:x}", [(0, ""), (bit, ""), (1, off and " " + off), (1 | bit, on and " " + on)])
                for bit, on, off in words.PTE_BITS[1:]]
        return "[%s%s%s" + "%s" * len(bits) + "]", [
            symbolic(f"({value} ? {value} & 1 : 2)", [(0, "swap "), (1, "frame "), (2, "none")]),
            symbolic(f"({value} & 1 ? {value} >> 12 : {value})", [(0, "")]),
            symbolic(f"{value} & 1", [(0, ""), (1, " present")]), *bits]
    if kind == "desc":
        return "[%s%s%s%s%s%s]", [
            symbolic(f"{value} & 2", [(0, "none: every access faults"), (2, "small page at ")]),
            symbolic(f"({value} & 2 ? {value} & 0xfffff000 : 0)", [(0, "")]),
            symbolic(f"{value} & 0x232", # AP[2], AP[1:0], and whether it is a small page
                     [((number & 4) << 7 | (number & 3) << 4 | 2, ", " + words.ACCESS.get(number, "reserved")) for number in range(8)] +
                     [((number & 4) << 7 | (number & 3) << 4, "") for number in range(8)]),
            *(symbolic(f"{value} & 0x{2 | 1 << bit:x}", [(0, ""), (1 << bit, ""), (2, ""), (2 | 1 << bit, ", " + flag)])
              for bit, flag in words.DESCRIPTOR_FLAGS)]
    if kind == "sys":
        return ("%s", [symbolic(value, sorted(syscalls.items()))]) if syscalls else ("0x%x", [value])
    if kind == "errno":
        errors = [((1 << 32) - number, f"-{name}") for number, name in errno.errorcode.items()]
        return "%s", [symbolic(f"({value} & 0xffffffff)", errors)]
    return {"x": "0x%08x", "u": "%u", "d": "%d", "cpus": "0x%x", "comm": "%s"}[kind], [value]


C_TYPES = {"d": ("int", "i"), "errno": ("long", "i"), "sys": ("long", "I")}

# A field of an event: its declaration in C, its code in struct, and what prints it.
Column = collections.namedtuple("Column", "declaration code format arguments")


def columns(station, syscalls):
    """The fields of a station's event, with those that Linux has besides."""
    for name, kind in station.fields:
        field = f"REC->{name}"
        form, arguments = printed(kind, field, syscalls)
        c_type, code = C_TYPES.get(kind, ("unsigned long", "I"))
        if station.group == "sched" and name.endswith("pid"):
            comm = name[:-3] + "comm"
            yield Column(f"char {comm}[16]", COMM, f"{comm}=%s", [f"REC->{comm}"])
            c_type = "pid_t"
        if kind == "comm":
            yield Column(f"char {name}[16]", COMM, f"{name}=%s", [field])
        elif name == "prev_state":
            states = symbolic(field, [(number, letter) for letter, number in LINUX_STATE.items()])
            yield Column("long prev_state", "i", "prev_state=%s", [states])
        elif name in ARGUMENTS:
            if name == ARGUMENTS[0]:
                yield Column(f"unsigned long args[{len(ARGUMENTS)}]", f"{len(ARGUMENTS)}I",
                             " ".join(f"{each}=0x%08x" for each in ARGUMENTS), [f"REC->args[{number}]" for number in range(len(ARGUMENTS))])
        else:
            yield Column(f"{c_type} {name}", code, f"{name}={form}", arguments)
        if name == "prev_pid":
            yield Column("int prev_prio", "i", "", [])
    yield Column("unsigned long ip", "I", "<%ps>", ["(void *)REC->ip"])  # where in the kernel


class Event:
    """The format of one station, and the bytes of its records."""

    def __init__(self, station, syscalls):
        self.station = station
        own = list(columns(station, syscalls))
        self.fields = COMMON + [(column.declaration, column.code) for column in own]
        self.struct = struct.Struct("<" + "".join(code for _, code in self.fields))
        formats = " ".join(column.format for column in own if column.format)
        self.print = f'"{formats}", ' + ", ".join(each for column in own for each in column.arguments)
        assert self.struct.size <= 28 * 4 and self.struct.size % 4 == 0

    def number(self):
        return self.station.number + 1

    def format(self):
        text, offset = f"name: {self.station.name}\nID: {self.number()}\nformat:\n", 0
        for number, (declaration, code) in enumerate(self.fields):
            size = struct.calcsize("<" + code)
            text += f"\tfield:{declaration};\toffset:{offset};\tsize:{size};\tsigned:{int(code == 'i' or code == COMM)};\n"
            text += "\n" if number == len(COMMON) - 1 else ""
            offset += size
        return text + f"\nprint fmt: {self.print}\n"

    def data(self, record, known):
        values = [self.number(), 0, 0, record.pid]
        for (name, kind), word in zip(self.station.fields, record.words):
            if self.station.group == "sched" and name.endswith("pid"):
                values.append(known.comm(word))
            if kind == "comm":
                values.append(struct.pack("<4I", *record.words))
            elif name == "prev_state":
                values.append(LINUX_STATE[kind.split("|")[word]])
            else:
                values.append(words.signed(word) if kind in ("d", "errno") else word)
            if name == "prev_pid":
                values.append(known.priority(word))
        return self.struct.pack(*values, record.pc)


class Known:
    """What is known of tasks while the records pass."""

    def __init__(self, names):
        self.names, self.priorities = names, {}

    def take(self, record):
        if record.station.enumerator == "SchedSwitch":
            self.priorities[record.words[2]] = record.words[3]
        elif record.station.enumerator == "SchedWakeup":
            self.priorities[record.words[0]] = record.words[2]

    def comm(self, pid):
        return self.names.get(pid, "?").encode()

    def priority(self, pid):
        return self.priorities.get(pid, 120)


def pages(chunks):
    """The pages of one CPU's ring buffer. chunks: [(ns, bytes)], in the order of time."""
    done, page, first, last = [], b"", 0, 0

    def close():
        done.append((HEADER.pack(first, len(page)) + page).ljust(PAGE, b"\0"))

    for ns, data in chunks:
        delta = max(ns - last, 0)
        extend = b"" if delta <= LONGEST_DELTA else struct.pack("<II", TIME_EXTEND | (delta & LONGEST_DELTA) << 5, delta >> 27)
        if not page or len(page) + len(extend) + 4 + len(data) > PAGE - HEADER.size:
            if page:
                close()
            page, first, delta, extend = b"", ns, 0, b""
        page += extend + struct.pack("<I", len(data) // 4 | (0 if extend else delta) << 5) + data
        last = max(ns, last)
    if page:
        close()
    return b"".join(done)


def sized(text, form="<Q"):
    data = text.encode()
    return struct.pack(form, len(data)) + data


def kallsyms(elf):
    plain = [(address, re.sub(r"\(.*", "", name.replace("(anonymous namespace)::", "").replace("faultline::", "")).replace(" ", "_"))
             for name, address in records.symbols(elf).items()]
    return "".join(f"{address:08x} T {name}\n" for address, name in sorted(plain) if name)


def header(trace, elf, events, cpus):
    out = b"\x17\x08\x44tracing6\0" + struct.pack("<BBI", 0, LONG, PAGE)
    out += b"header_page\0" + sized(HEADER_PAGE) + b"header_event\0" + sized(HEADER_EVENT)
    out += struct.pack("<I", 0)  # events of ftrace's own
    out += struct.pack("<I", len(GROUPS))
    for group in GROUPS:
        members = [event for event in events if event.station.group == group]
        out += group.encode() + b"\0" + struct.pack("<I", len(members)) + b"".join(sized(event.format()) for event in members)
    out += sized(kallsyms(elf), "<I") + sized("", "<I")  # no formats of trace_printk
    out += sized("".join(f"{pid} {name}\n" for pid, name in sorted(trace.names.items()) if pid))
    return out + struct.pack("<I", cpus) + b"options  \0" + struct.pack("<H", 0) + b"flyrecord\0"


def write(trace, path, elf, syscalls):
    events = [Event(station, syscalls) for station in STATIONS]
    cpus = max((record.cpu for record in trace.records), default=0) + 1
    known, chunks = Known(trace.names), [[] for _ in range(cpus)]
    for record in trace.records:
        chunks[record.cpu].append((record.ns, events[record.station.number].data(record, known)))
        known.take(record)
    buffers = [pages(each) for each in chunks]
    out = header(trace, elf, events, cpus)
    start = -(-(len(out) + 16 * cpus) // PAGE) * PAGE
    for number, buffer in enumerate(buffers):
        out += struct.pack("<QQ", start + sum(map(len, buffers[:number])), len(buffer))
    with open(path, "wb") as file:
        file.write(out.ljust(start, b"\0") + b"".join(buffers))
