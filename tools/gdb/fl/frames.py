"""Lets gdb's `backtrace` go on behind an exception that interrupted the kernel: from the abort handler to the access.

The vectors (arch/arm/frame.inc) have no call frame information. For an exception from kernel mode they leave the address of
the PtRegs in r4, and the registers of what was interrupted in it. A frame from user mode ends the backtrace, as before."""

import gdb
from gdb.unwinder import Unwinder, register_unwinder

VECTORS = ("vector_dabt", "vector_pabt", "vector_irq", "vector_und", "ret_to_kernel")


class FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


class KernelException(Unwinder):
    def __init__(self):
        super().__init__("faultline exceptions")

    def __call__(self, pending):
        pc = int(pending.read_register("pc")) & 0xFFFFFFFF
        named = gdb.execute(f"info symbol {pc}", to_string=True)
        if named.split(" ")[0] not in VECTORS:
            return None
        regs = int(pending.read_register("r4")) & 0xFFFFFFFF
        try:
            kind = gdb.lookup_type("faultline::PtRegs")
            saved = gdb.Value(regs).cast(kind.pointer()).dereference()
            if int(saved["cpsr"]) & 0x1F == 0x10 or regs == 0:  # user mode: what r4 holds is no frame
                return None
            found = pending.create_unwind_info(FrameId(gdb.Value(regs), gdb.Value(pc)))
            for number in range(13):
                found.add_saved_register(f"r{number}", saved["r"][number])
            for name in ("sp", "lr", "pc", "cpsr"):
                found.add_saved_register(name, saved[name])
            return found
        except gdb.error:
            return None


register_unwinder(None, KernelException(), replace=True)
