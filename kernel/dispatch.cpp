// System calls: from the exception vector to the function of a number, and what a program gets for its errors.
#include "kernel/dispatch.hpp"

#include <algorithm>

#include <arch/ptrace.hpp>

#include "arch/contract/upcalls.hpp"
#include "base/trace.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

u32 syscall_error(Errno error) {
    switch (error) {
    case Errno::RESTARTSYS:
    case Errno::RESTARTNOINTR:
    case Errno::RESTARTNOHAND:
    case Errno::RESTART_RESTARTBLOCK:
        current()->restart_errno = static_cast<u16>(error);
        // do_signal() sets up the restart, even if another thread has taken the signal meanwhile.
        current()->sigpending = true;
        return negative_errno(Errno::INTR);
    default:
        return negative_errno(error);
    }
}

#ifndef FAULTLINE_DEBUG
static_assert(offsetof(Task, need_resched) == EXIT_WORK_OFFSET); // where the way back from a call looks
#endif

u32 handle_syscall(PtRegs& regs, u32 number) { return syscall_table[std::min(number, NR_SYSCALLS)](regs); }

void trace_sys_enter(const PtRegs& regs, u32 number) { TRACE(SysEnter, number, regs.r[0], regs.r[1], regs.r[2]); }
void trace_sys_exit(const PtRegs& regs, u32 number) { TRACE(SysExit, number, regs.r[0]); }

} // namespace faultline
