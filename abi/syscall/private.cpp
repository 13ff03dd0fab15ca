// The system calls that only ARM has, and the handler for numbers without a function.
#include "abi/syscall/private.hpp"

#include <asm/siginfo.h>
#include <asm/unistd.h>
#include <linux/signal.h>

#include <arch/context.hpp>
#include <arch/ptrace.hpp>

#include <atomic>

#include "abi/arguments/adapt.hpp"
#include "abi/memory/cacheflush.hpp"
#include "abi/signal/fault.hpp"
#include "kernel/debug/printk.hpp"
#include "kernel/dispatch.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

namespace {

constexpr u32 LOGGED = 1024; // numbers from here on are not logged
constinit std::atomic<bool> logged[LOGGED] = {};

[[gnu::cold]] void log_once(u32 number) {
    if (!logged[number].exchange(true, std::memory_order_relaxed))
        printk(KERN_INFO, "%s[%d]: system call %u is not there", current()->comm, static_cast<int>(current()->pid),
               static_cast<unsigned>(number));
}

} // namespace

u32 sys_unknown(PtRegs& regs) {
    const u32 number = regs.r[7];
    if (number < LOGGED && !logged[number].load(std::memory_order_relaxed)) [[unlikely]]
        log_once(number);
    return negative_errno(Errno::NOSYS);
}

namespace {

constexpr u32 BRANCH_THROUGH_ZERO = __ARM_NR_BASE;
// Up to here a number that is not there is ENOSYS, so that a program can ask; behind it there can be none.
constexpr u32 LAST_THAT_MAY_COME = __ARM_NR_BASE + 0x7ff;

// The address of the SVC that made the call.
u32 instruction_of_call(const PtRegs& regs) { return regs.pc - (thumb_mode(regs) ? 2 : 4); }

} // namespace

// These numbers lie far above the table. Some are mistakes that Linux answers with a signal. (Linux
// arch/arm/kernel/traps.c arm_syscall, bad_syscall.)
u32 private_syscall(PtRegs& regs) {
    const u32 number = regs.r[7];
    if (number < __ARM_NR_BASE)
        return sys_unknown(regs);
    switch (number) {
    case __ARM_NR_cacheflush:
        return adapt<sys_cacheflush>(regs);
    case __ARM_NR_set_tls:
        set_tls(regs.r[0]);
        return 0;
    case __ARM_NR_get_tls:
        return get_tls();
    case __ARM_NR_breakpoint:
        regs.pc = instruction_of_call(regs);
        signal_undefined(regs.pc, true);
        return regs.r[0];
    case BRANCH_THROUGH_ZERO:
        signal_bad_call(SIGSEGV, SEGV_MAPERR, 0, 0);
        return 0;
    default:
        if (number <= LAST_THAT_MAY_COME)
            return sys_unknown(regs);
        [[fallthrough]];
    case __ARM_NR_usr26: // the 26-bit mode is gone
    case __ARM_NR_usr32:
        signal_bad_call(SIGILL, ILL_ILLTRP, instruction_of_call(regs), number);
        return number >> 16 == __ARM_NR_BASE >> 16 ? 0 : regs.r[0];
    }
}

} // namespace faultline
