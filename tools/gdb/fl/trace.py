"""`fl trace`: the last records of the trace; `fl break`: a breakpoint on a station. (base/stations.def)"""

import os
import struct
import sys

import gdb

from fl.armv7 import Refused
from fl.command import command
from fl.kernel import other_build

TOOLS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOOLS, "trace"))

import records as trace_records  # noqa: E402
import stations  # noqa: E402
import words  # noqa: E402

DEFAULT = 20


def records(kernel):
    """All records that the rings hold, the oldest first."""
    control = kernel.variable("trace_control")
    per_buffer, buffers = int(control["records"]), int(control["buffers"])
    found = []
    for ring in control["rings"]:
        buffer = ring["buffers"].target()
        if buffer is None:
            continue
        written = int(ring["written"])
        for number in range(max(0, written - (buffers - 1) * per_buffer), written):
            at = buffer.address + number // per_buffer % buffers * buffer.type.sizeof
            found.append(kernel.at(at, "TraceBuffer")["records"][number % per_buffer])
    return sorted(found, key=lambda record: int(record["ns"]))


def line(record):
    station = stations.STATIONS[int(record["station"])]
    ns, values = int(record["ns"]), [int(word) for word in record["words"]]
    if station.enumerator == "TaskRename":
        text = " " + b"".join(value.to_bytes(4, "little") for value in values).split(b"\0")[0].decode(errors="replace")
    else:
        text = "".join(f" {name}={words.word(kind, value, {})}" for (name, kind), value in zip(station.fields, values))
    return f"{int(record['pid']):7} [{int(record['cpu']):03}] {ns // 10**9:5}.{ns % 10**9 // 1000:06}: {station.name}:{text}"


@command("trace", 1)
def trace(kernel, count=str(DEFAULT)):
    """fl trace [N]: the last N records of the trace (20), if one is recorded: boot with trace=ring, or write "on" to
    /proc/faultline/trace."""
    if not count.isdigit() or int(count) == 0:
        raise Refused(f"`fl trace` takes a number of records, not '{count}'.")
    found = records(kernel)
    if not found:
        raise Refused("Nothing has been recorded: boot with trace=ring, or write `on` to /proc/faultline/trace.")
    for record in found[-int(count):]:
        yield line(record)


class Break(gdb.Command):
    """fl break STATION: stops the machine where the kernel comes to this station (base/stations.def), whether or not a trace is
    recorded. A station may stand in several places: each gets a breakpoint."""

    def __init__(self):
        super().__init__("fl break", gdb.COMMAND_BREAKPOINTS, gdb.COMPLETE_NONE)

    def complete(self, text, word):
        return [station.name for station in stations.STATIONS if station.name.startswith(word)]

    def invoke(self, argument, from_tty):
        name = argument.strip().replace("-", "_")
        station = stations.BY_NAME.get(name)
        if station is None:
            raise gdb.GdbError(f"There is no station '{argument.strip()}': fl break and a Tab lists them.")
        try:
            places = sites(station.number)
        except Refused as refused:
            raise gdb.GdbError(str(refused)) from None
        if not places:
            raise gdb.GdbError(f"The station {name} stands nowhere in this kernel.")
        for place in places:
            gdb.Breakpoint(f"*0x{place:x}")


def sites(number):
    """The addresses of a station's instruction, from the jump table in the ELF file (arch/arm/arch/static_branch.hpp)."""
    for elf in [each.filename for each in gdb.objfiles()]:
        symbols = trace_records.symbols(elf)
        if "__start___jump_table" in symbols:
            table = linked(elf, symbols["__start___jump_table"], symbols["__stop___jump_table"])
            return [code for code, _target, key in struct.iter_unpack("<3I", table) if key == number]
    raise other_build("table of stations")


def linked(path, start, stop):
    """What the ELF file has for these addresses of memory."""
    with open(path, "rb") as elf:
        head = elf.read(52)
        headers, size, count = struct.unpack_from("<I", head, 28)[0], *struct.unpack_from("<HH", head, 42)
        for i in range(count):
            elf.seek(headers + i * size)
            kind, offset, address, _, in_file = struct.unpack("<5I", elf.read(20))
            if kind == 1 and address <= start and stop <= address + in_file:  # PT_LOAD
                elf.seek(offset + start - address)
                return elf.read(stop - start)
    return b""


Break()
