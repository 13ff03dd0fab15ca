"""The records of one boot: from what came through the port, and from the memory of the machine after its end.

A machine may end in the middle of anything: by itself, by a livelock or a panic, or killed. Full buffers have left it through the
port; the others are in its memory, which is a file. Each record has a number, so none counts twice, and for every CPU

    received + lost = written
"""

import collections
import functools
import posixpath
import re
import struct
import subprocess

from stations import STATIONS

# kernel/debug/trace.hpp
CONTROL_MAGIC, BUFFER_MAGIC, VERSION = 0x46545243, 0x46545242, 1
CONTROL = struct.Struct("<5I")
RING = struct.Struct("<5I")
LINE, PAGE, CPUS = 64, 4096, 8
BUFFER = struct.Struct("<4I")
RECORD = struct.Struct("<QIiBBHI4I")
WORDS = 4

KERNEL_START, RAM_START = 0x80000000, 0x40000000  # arch/arm/layout.h

# pid: the task; index: the number of the record on its CPU; where: (function, file, line) of the source, innermost last
Record = collections.namedtuple("Record", "ns instructions pid station cpu pc words index")
Count = collections.namedtuple("Count", "written received lost")


class Defect(Exception):
    """What is wrong with the input, in one sentence."""


class Trace:
    """The records in the order of time, what tasks are called, and the counts of each CPU."""

    def __init__(self, records, counts):
        self.records = records
        self.counts = counts
        self.names = {0: "swapper"}
        for record in records:
            if record.station.enumerator == "TaskRename" and comm(record): # the last one, as Linux's saved_cmdlines
                self.names[record.pid] = comm(record)

    @functools.cache
    def where(self, elf):
        """For each pc of the records: [(function, file, line)], the outermost first."""
        return lookup(elf, sorted({record.pc for record in self.records}))


def comm(record):
    return struct.pack("<4I", *record.words).split(b"\0")[0].decode(errors="replace")


@functools.cache
def symbols(elf):
    text = subprocess.run(["arm-none-eabi-nm", "--demangle", str(elf)], capture_output=True, check=True, encoding="utf-8").stdout
    return {line[11:]: int(line[:8], 16) for line in text.splitlines() if re.match(r"[0-9a-f]{8} ", line)}


def short(function):
    """The name alone: without what it is a template of, what it returns and what it takes."""
    function, nested = function.replace("faultline::", "").replace("(anonymous namespace)::", ""), 1
    while nested:
        function, nested = re.subn(r"<[^<>]*>", "", function)
    return re.split(r"\(|::\{", function)[0].rpartition(" ")[2]


def lookup(elf, addresses):
    if not addresses:
        return {}
    # A return address may belong to the next line already: the instruction before it is meant.
    text = subprocess.run(["arm-none-eabi-addr2line", "-a", "-i", "-f", "-C", "-e", str(elf)], capture_output=True, check=True,
                          encoding="utf-8", input="".join(f"0x{each - 4:x}\n" for each in addresses)).stdout
    found, frames, lines = {}, None, iter(text.splitlines())
    for line in lines:
        if re.fullmatch(r"0x[0-9a-f]+", line):
            frames = found.setdefault(int(line, 16) + 4, [])
            continue
        file, _, number = next(lines).rpartition(":")
        file = re.sub(r"^build/\w+/", "", posixpath.normpath(file))  # relative names begin in the directory of the build
        frames.insert(0, (short(line), file, int(re.match(r"\d*", number).group() or 0)))
    for address, frames in found.items():
        own = [frame for frame in frames if not frame[1].endswith(("base/trace.hpp", "static_branch.hpp", "trace_call.hpp"))]
        found[address] = own or frames
    return found


class Memory:
    """The physical memory of the machine, as a file; kernel addresses."""

    def __init__(self, path):
        self.file = open(path, "rb")  # pylint: disable=consider-using-with

    def read(self, address, size):
        self.file.seek(address - KERNEL_START)
        data = self.file.read(size)
        if len(data) != size:
            raise Defect("the machine's memory is smaller than its trace says")
        return data


def take_buffer(data, received):
    """Adds the records of one buffer to received[cpu][index]."""
    magic, cpu, first, count = BUFFER.unpack_from(data)
    if magic != BUFFER_MAGIC or cpu >= CPUS or count * RECORD.size + BUFFER.size > PAGE:
        raise Defect("the trace is damaged: a buffer has no header")
    for i in range(count):
        ns, instructions, pid, station, on, _, pc, *words = RECORD.unpack_from(data, BUFFER.size + i * RECORD.size)
        if station >= len(STATIONS):
            raise Defect(f"the trace is damaged: there is no station {station}")
        index = (first + i) & 0xffffffff
        received[cpu][index] = Record(ns, instructions, pid, STATIONS[station], on, pc, tuple(words), index)


def load(port, ram, elf):
    """The Trace of a boot with the kernel `elf`. `port`: a file with whole buffers. `ram`: the machine's memory."""
    received = [{} for _ in range(CPUS)]
    with open(port, "rb") as stream:
        while data := stream.read(PAGE):
            if len(data) < PAGE:  # QEMU was killed while it wrote; the memory still has this buffer
                break
            take_buffer(data, received)
    counts = []
    memory = Memory(ram)
    control = symbols(elf).get("faultline::trace_control")
    if control is None:
        raise Defect(f"{elf} is no kernel that traces")
    magic, version, record_bytes, records, buffers = CONTROL.unpack(memory.read(control, CONTROL.size))
    if magic == 0:  # the machine ended before its kernel was loaded
        return Trace([], counts)
    if (magic, version, record_bytes, records) != (CONTROL_MAGIC, VERSION, RECORD.size, (PAGE - BUFFER.size) // RECORD.size):
        raise Defect("the kernel writes another version of the trace")
    for cpu in range(CPUS):
        ring, written, lost, _sent, _overhead = RING.unpack(memory.read(control + LINE * (1 + cpu), RING.size))
        for number in range(buffers if ring else 0):
            data = memory.read(ring + number * PAGE, PAGE)
            if BUFFER.unpack_from(data)[0] == BUFFER_MAGIC:
                take_buffer(data, received)
        counts.append(Count(written, len(received[cpu]), lost))
    # Clocks of different CPUs may agree to the tick. Sorting is stable, and keeps the order of each CPU.
    all_records = [record for cpu in received for _, record in sorted(cpu.items())]
    return Trace(sorted(all_records, key=lambda record: record.ns), counts)
