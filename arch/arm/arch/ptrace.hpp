// The registers of an interrupted execution as the vectors save them (Linux: struct pt_regs).
#pragma once

#include "base/types.hpp"

namespace faultline {

// The order is that of the instructions which save and restore it: SRS and RFE want pc and cpsr last, one STM
// does the rest. So entering the kernel and leaving it cost four instructions each (arch/arm/entry.S).
struct PtRegs {
    u32 orig_r0; // r0 as it was at entry of a system call, for restarting it
    u32 r[13];   // r0 – r12
    u32 sp;      // of the interrupted mode
    u32 lr;      // of the interrupted mode
    u32 pc;      // where it goes on
    u32 cpsr;    // SPSR at entry
};

inline bool user_mode(const PtRegs& regs) { return (regs.cpsr & 0x1f) == 0x10; }
inline bool thumb_mode(const PtRegs& regs) { return (regs.cpsr & 0x20) != 0; }

// The register set for the start of a program: user mode, interrupts on, Thumb if bit 0 of `entry` says so,
// all else zero. Bit 0 is taken off the pc.
PtRegs user_start_regs(u32 entry, u32 stack_pointer);

// Where the vectors save a task's user registers: the topmost bytes of its kernel stack (Linux:
// task_pt_regs). `stack_top` is one past the stack's last byte. init_context() leaves this place free, so
// that it can be filled before the task first runs.
inline PtRegs& task_pt_regs(void* stack_top) { return static_cast<PtRegs*>(stack_top)[-1]; }

// Goes to user mode with `regs`, which must be the current task's task_pt_regs(): the kernel stack above them
// is empty afterwards, and everything below is given up. Calls prepare_exit_to_user() on the way.
[[noreturn]] void return_to_user(PtRegs& regs);

// Changes regs so that the interrupted kernel code goes on at its exception-table fixup; false if there is
// none for regs.pc.
bool fixup_exception(PtRegs& regs);

} // namespace faultline
