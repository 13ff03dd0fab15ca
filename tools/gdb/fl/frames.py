"""Lets gdb's `backtrace` go on behind an exception that interrupted the kernel: from the abort handler to the access.

The vectors have no call frame information. The macro `handle` (arch/arm/frame.inc) calls the handler in two places. Behind
the call for an exception from kernel mode stands a branch to ret_to_kernel; there r4 is the address of the PtRegs, which has
the registers of what was interrupted.

In the first instructions of a vector, where Ctrl-C likes to stop, the registers up to r12 are still those of what was
interrupted, and lr tells where. Its sp and lr are those of supervisor mode, which QEMU's stub shows only in that mode: so the CPU
is put into it for a moment, behind gdb's back. An exception from user mode ends the backtrace."""

import re

import gdb
from gdb.unwinder import Unwinder, register_unwinder

VECTOR_PAGE, DATA_ABORT = 0xFFFF0000, 0xFFFF0010
EXCEPTION_MODES = (0x12, 0x17, 0x1B)  # interrupt, abort, undefined; the vectors change to supervisor mode
SUPERVISOR = 0x13
SP_PACKET, LR_PACKET, CPSR_PACKET = "d", "e", "19"  # numbers of the registers in the remote protocol, in hexadecimal (QEMU: arm-core.xml)
KERNEL = 0x80000000  # PAGE_OFFSET: code below is the program's


class FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = gdb.Value(sp), gdb.Value(pc)


def symbol_at(address):
    """(name, offset in it)."""
    words = gdb.execute(f"info symbol {address}", to_string=True).split(" ")
    return words[0], int(words[2]) if len(words) > 2 and words[1] == "+" else 0


def returns_to_kernel(pc):
    """Whether the instruction there is `b ret_to_kernel`."""
    if not symbol_at(pc)[0].startswith("vector_"):
        return False
    instruction = int.from_bytes(bytes(gdb.selected_inferior().read_memory(pc, 4)), "little")
    if instruction >> 24 != 0xEA:
        return False
    offset = instruction & 0xFFFFFF
    return symbol_at((pc + 8 + 4 * (offset - (offset >> 23 << 24))) & 0xFFFFFFFF)[0] == "ret_to_kernel"


def behind_handler(pending, pc):
    """What was interrupted, of a frame that called a handler."""
    regs = int(pending.read_register("r4")) & 0xFFFFFFFF
    saved = gdb.Value(regs).cast(gdb.lookup_type("faultline::PtRegs").pointer()).dereference()
    found = pending.create_unwind_info(FrameId(regs, pc))
    for number in range(13):
        found.add_saved_register(f"r{number}", saved["r"][number])
    for name in ("sp", "lr", "pc", "cpsr"):
        found.add_saved_register(name, saved[name])
    return found


def supervisor_registers(pc, cpsr):
    """Its sp and lr."""
    gdb.selected_inferior().read_memory(pc, 4)  # now gdb has told the stub which CPU is meant

    def ask(packet):  # send_packet() of Python would switch threads, and so forget the frames that are just being found
        return re.search(r'received: "(\w+)"', gdb.execute(f"maintenance packet {packet}", to_string=True)).group(1)

    def change_mode(value):
        ask(f"P{CPSR_PACKET}={value.to_bytes(4, 'little').hex()}")

    change_mode(cpsr & ~0x1F | SUPERVISOR)
    try:
        return tuple(int.from_bytes(bytes.fromhex(ask(f"p{packet}")), "little") for packet in (SP_PACKET, LR_PACKET))
    finally:
        change_mode(cpsr)


def behind_vector(pending, pc, cpsr):
    """What was interrupted, in the first instructions of a vector; None: the program was."""
    name, offset = symbol_at(pc)
    if pc < VECTOR_PAGE and not name.startswith("vector_"):
        return None
    lr = int(pending.read_register("lr")) & 0xFFFFFFFF
    if pc >= VECTOR_PAGE or offset == 0:  # the first instruction takes this off
        lr -= 8 if pc == DATA_ABORT or name == "vector_dabt" else 4
    if lr < KERNEL:
        return None
    sp, lr_svc = supervisor_registers(pc, cpsr)
    found = pending.create_unwind_info(FrameId(sp, pc))
    for number in range(13):
        found.add_saved_register(f"r{number}", pending.read_register(f"r{number}"))
    for register, value in (("sp", sp), ("lr", lr_svc), ("pc", lr), ("cpsr", cpsr & ~0x1F | SUPERVISOR)):
        found.add_saved_register(register, gdb.Value(value).cast(gdb.lookup_type("unsigned int")))
    return found


class KernelException(Unwinder):
    def __init__(self):
        super().__init__("faultline exceptions")

    def __call__(self, pending):
        try:
            pc, cpsr = (int(pending.read_register(name)) & 0xFFFFFFFF for name in ("pc", "cpsr"))
            if cpsr & 0x1F in EXCEPTION_MODES:
                return behind_vector(pending, pc, cpsr)
            return behind_handler(pending, pc) if returns_to_kernel(pc) else None
        except (gdb.error, gdb.MemoryError, ValueError):
            return None  # not a frame of ours


register_unwinder(None, KernelException(), replace=True)
