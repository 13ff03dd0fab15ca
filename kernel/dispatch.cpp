// A system call, from the vector to its function and back; and the last stop before user mode.
#include <asm/unistd.h>

#include <arch/context.hpp>
#include <arch/irq.hpp>

#include <atomic>

#include "abi/process/syscalls.hpp"
#include "abi/signal/signal.hpp"
#include "abi/syscall/table.hpp"
#include "arch/contract/upcalls.hpp"
#include "kernel/debug/printk.hpp"

namespace faultline {

namespace {

// ARM's own calls, far above the table (Linux arch/arm/kernel/traps.c arm_syscall).
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
        return 0; // there is no 26-bit mode to leave
    default:
        return sys_unknown(regs);
    }
}

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
    return syscall_error(Errno::NOSYS);
}

u32 syscall_error(Errno error) {
    switch (error) {
    case Errno::RESTARTSYS:
    case Errno::RESTARTNOINTR:
    case Errno::RESTARTNOHAND:
    case Errno::RESTART_RESTARTBLOCK:
        current()->restart_errno = static_cast<u16>(error);
        // do_signal() arranges it, even if the signal has meanwhile gone elsewhere.
        current()->sigpending = true;
        return static_cast<u32>(-static_cast<s32>(Errno::INTR));
    default:
        return static_cast<u32>(-static_cast<s32>(error));
    }
}

void handle_syscall(PtRegs& regs) {
    const u32 number = regs.r[7];
    const SyscallHandler handler = number < NR_SYSCALLS ? syscall_table[number] : private_syscall;
    regs.r[0] = handler(regs);
}

namespace {

bool has_work(const Task& task) { return task.need_resched || task.sigpending; }

[[gnu::noinline]] void exit_to_user_mode_loop(PtRegs& regs) {
    const Task& task = *current();
    while (has_work(task)) {
        local_irq_enable();
        if (task.need_resched)
            schedule();
        if (task.sigpending) {
            const KernelLocked lock;
            do_signal(regs);
        }
        local_irq_disable();
    }
}

} // namespace

void prepare_exit_to_user(PtRegs& regs) {
    if (has_work(*current())) [[unlikely]]
        exit_to_user_mode_loop(regs);
}

} // namespace faultline
