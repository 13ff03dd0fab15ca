"""Lets gdb's `backtrace` go on behind an exception that interrupted the kernel: from the abort handler to the access.

The vectors have no call frame information. The macro `handle` (arch/arm/frame.inc) calls the handler in two places. Behind
the call for an exception from kernel mode stands a branch to ret_to_kernel; there r4 is the address of the PtRegs, which has
the registers of what was interrupted. An exception from user mode ends the backtrace."""

import gdb
from gdb.unwinder import Unwinder, register_unwinder


class FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


def symbol_at(address):
    return gdb.execute(f"info symbol {address}", to_string=True).split(" ")[0]


def returns_to_kernel(pc):
    """Whether the instruction there is `b ret_to_kernel`."""
    if not symbol_at(pc).startswith("vector_"):
        return False
    instruction = int.from_bytes(bytes(gdb.selected_inferior().read_memory(pc, 4)), "little")
    if instruction >> 24 != 0xEA:
        return False
    offset = instruction & 0xFFFFFF
    return symbol_at((pc + 8 + 4 * (offset - (offset >> 23 << 24))) & 0xFFFFFFFF) == "ret_to_kernel"


class KernelException(Unwinder):
    def __init__(self):
        super().__init__("faultline exceptions")

    def __call__(self, pending):
        try:
            pc = int(pending.read_register("pc")) & 0xFFFFFFFF
            if not returns_to_kernel(pc):
                return None
            regs = gdb.Value(int(pending.read_register("r4")) & 0xFFFFFFFF)
            saved = regs.cast(gdb.lookup_type("faultline::PtRegs").pointer()).dereference()
            found = pending.create_unwind_info(FrameId(regs, gdb.Value(pc)))
            for number in range(13):
                found.add_saved_register(f"r{number}", saved["r"][number])
            for name in ("sp", "lr", "pc", "cpsr"):
                found.add_saved_register(name, saved[name])
            return found
        except (gdb.error, gdb.MemoryError):
            return None  # not a frame of ours


register_unwinder(None, KernelException(), replace=True)
