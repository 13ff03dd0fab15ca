// The system calls that only ARM has, and the handler for numbers without a function.
#include "abi/syscall/private.hpp"

#include <asm/unistd.h>

#include <arch/context.hpp>

#include <atomic>

#include "abi/arguments/adapt.hpp"
#include "abi/memory/cacheflush.hpp"
#include "kernel/debug/printk.hpp"
#include "kernel/dispatch.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

namespace {

// Whether this is the first call with this number. Numbers from 1024 on always return false, and so are not logged.
bool first_time(u32 number) {
    constexpr u32 LOGGED = 1024;
    static constinit std::atomic<u32> seen[LOGGED / 32] = {};
    if (number >= LOGGED)
        return false;
    const u32 bit = 1u << (number % 32);
    return (seen[number / 32].fetch_or(bit, std::memory_order_relaxed) & bit) == 0;
}

} // namespace

u32 sys_unknown(PtRegs& regs) {
    const u32 number = regs.r[7];
    if (first_time(number))
        printk(KERN_INFO, "%s[%d]: system call %u is not there", current()->comm, static_cast<int>(current()->pid),
               static_cast<unsigned>(number));
    return negative_errno(Errno::NOSYS);
}

// These numbers lie far above the table. (Linux arch/arm/kernel/traps.c arm_syscall.)
u32 private_syscall(PtRegs& regs) {
    switch (regs.r[7]) {
    case __ARM_NR_cacheflush:
        return adapt<sys_cacheflush>(regs);
    case __ARM_NR_set_tls:
        set_tls(regs.r[0]);
        return 0;
    case __ARM_NR_get_tls:
        return get_tls();
    case __ARM_NR_usr32:
        return 0; // ARMv7 is always in 32-bit mode
    default:
        return sys_unknown(regs);
    }
}

} // namespace faultline
