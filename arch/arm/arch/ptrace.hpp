// The registers of an interrupted execution, as the vectors save them (Linux: struct pt_regs).
#pragma once

#include <arch/psr.hpp>

#include "base/types.hpp"

namespace faultline {

// The order suits the instructions that save and restore it: SRS and RFE need pc and cpsr last, and one STM stores the
// rest. So kernel entry and exit need four instructions each (arch/arm/entry.S).
struct PtRegs {
    u32 orig_r0; // r0 at the entry of a system call, for a restart of the call
    u32 r[13];   // r0 – r12
    u32 sp;      // of the interrupted mode
    u32 lr;      // of the interrupted mode
    u32 pc;      // where execution continues
    u32 cpsr;    // SPSR at entry
};

inline bool user_mode(const PtRegs& regs) { return (regs.cpsr & PSR_MODE_MASK) == PSR_MODE_USER; }
inline bool thumb_mode(const PtRegs& regs) { return (regs.cpsr & PSR_T) != 0; }

// Where the way back to user mode (entry.S) finds Task::need_resched and Task::sigpending. Unless both are 0, it calls
// prepare_exit_to_user(). In the debug kernel it always does, and they may be elsewhere.
inline constexpr u32 EXIT_WORK_OFFSET = 16;

// The registers at the start of a program: user mode, interrupts on, all other registers zero. If bit 0 of `entry` is
// set, the program starts in Thumb state; the pc does not contain that bit.
PtRegs user_start_regs(u32 entry, u32 stack_pointer);

// Where the vectors save a task's user registers: the topmost bytes of its kernel stack (Linux: task_pt_regs).
// `stack_top` is one past the stack's last byte. init_context() leaves this room free, so it can be filled before the
// task first runs.
inline PtRegs& task_pt_regs(void* stack_top) { return static_cast<PtRegs*>(stack_top)[-1]; }

// Returns to user mode with `regs`, which must be the current task's task_pt_regs(). Calls prepare_exit_to_user()
// first. Everything on the kernel stack below `regs` is discarded.
[[noreturn]] void return_to_user(PtRegs& regs);

// Changes `regs` so that the interrupted kernel code continues at the fixup that the exception table has for regs.pc.
// Returns false if the table has none.
bool fixup_exception(PtRegs& regs);

} // namespace faultline
