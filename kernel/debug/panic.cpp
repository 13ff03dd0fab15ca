// The report of a panic: what broke, where, and what the machine knew about it. Then the machine ends with the status
// that means "panic".
#include "kernel/debug/panic.hpp"

#include <arch/current.hpp>
#include <arch/irq.hpp>
#include <arch/machine_control.hpp>
#include <arch/processor.hpp>
#include <arch/ptrace.hpp>
#include <arch/smp.hpp>

#include <atomic>
#include <cstdarg>

#include "arch/contract/machine.hpp"
#include "base/format.hpp"
#include "base/lockdep.hpp"
#include "kernel/debug/kallsyms.hpp"
#include "kernel/debug/printk.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

inline constexpr std::size_t MESSAGE_SIZE = 256;
inline constexpr u32 NOBODY = ~0u;

// If the same CPU comes here a second time, the report itself broke, and only the message is safe to print. Another CPU
// that panics meanwhile waits until it is stopped.
constinit std::atomic<u32> panicking_cpu{NOBODY};

enum class Panic : bool { First, WhileReporting };

Panic begin_panic() {
    local_irq_disable();
    lockdep::stop_watching();
    const u32 here = machine::this_cpu().value();
    u32 before = NOBODY;
    if (panicking_cpu.compare_exchange_strong(before, here))
        return Panic::First;
    if (before != here)
        spin_until([] { return false; });
    return Panic::WhileReporting;
}

void print_task() {
    if (const Task* task = current(); task != nullptr)
        console_printf("CPU %u: task %d (%s)\n", unsigned{machine::this_cpu().value()}, task->pid, task->comm);
}

[[gnu::always_inline]] inline void dump_stack_of(const PtRegs* regs) {
    if (regs != nullptr)
        dump_stack(*regs);
    else
        dump_stack();
}

void tell_where(const PtRegs* regs) {
    print_task();
    dump_stack_of(regs);
}

// Stops the other CPUs. Each of them prints what it was doing.
void stop_other_cpus() {
    bust_printk_lock();
    for (const u32 cpu : cpus_online() - CpuMask::of(machine::this_cpu())) {
        if (!stop_cpu(CpuId(static_cast<u8>(cpu)), tell_where))
            console_printf("CPU %u does not answer\n", unsigned{cpu});
    }
}

const char* mode_name(u32 cpsr) {
    switch (cpsr & PSR_MODE_MASK) {
    case PSR_MODE_USER:
        return "user";
    case PSR_MODE_FIQ:
        return "FIQ";
    case PSR_MODE_IRQ:
        return "IRQ";
    case PSR_MODE_SUPERVISOR:
        return "supervisor";
    case PSR_MODE_ABORT:
        return "abort";
    case PSR_MODE_UNDEFINED:
        return "undefined";
    case PSR_MODE_SYSTEM:
        return "system";
    default:
        return "unknown";
    }
}

void print_registers(const PtRegs& regs) {
    const auto symbol_of = [](u32 address) {
        const char* name = kallsyms_lookup(address).name;
        return name != nullptr ? name : "";
    };
    console_printf("pc %08x %s  lr %08x %s\n", regs.pc, symbol_of(regs.pc), regs.lr, symbol_of(regs.lr));
    console_printf("sp %08x  cpsr %08x (%s mode, %s state, interrupts %s)\n", regs.sp, regs.cpsr, mode_name(regs.cpsr),
                   thumb_mode(regs) ? "Thumb" : "ARM", (regs.cpsr & PSR_I) != 0 ? "masked" : "on");
    for (u32 row = 0; row < 12; row += 4)
        console_printf("r%-2u %08x  r%-2u %08x  r%-2u %08x  r%-2u %08x\n", row, regs.r[row], row + 1, regs.r[row + 1],
                       row + 2, regs.r[row + 2], row + 3, regs.r[row + 3]);
    console_printf("r12 %08x\n", regs.r[12]);
}

void print_fault(FaultInfo fault) {
    const char* access = fault.execute() ? "instruction fetch from" : fault.write() ? "write to" : "read of";
    console_printf("%s: %s 0x%08x by %s code (status register 0x%x)\n", fault_kind_name(fault.kind()), access,
                   fault.address, fault.user_mode() ? "user" : "kernel", fault.status());
    char description[MESSAGE_SIZE];
    if (describe_address(fault.address, description, sizeof(description)))
        console_printf("%s\n", description);
}

// `regs` is nullptr if there was no exception. Inlined, so that a backtrace begins at panic().
[[noreturn, gnu::always_inline]] inline void last_words(const PtRegs* regs, const FaultInfo* fault, const char* format,
                                                        va_list arguments) {
    const Panic panic = begin_panic();
    char message[MESSAGE_SIZE];
    vsnprintf(message, sizeof(message), format, arguments);
    if (panic == Panic::First) {
        stop_other_cpus();
        print_task();
        if (regs != nullptr)
            print_registers(*regs);
        if (fault != nullptr)
            print_fault(*fault);
        dump_stack_of(regs);
    }
    console_printf("faultline: panic: %s\n", message);
    machine_exit(PANIC_STATUS);
}

} // namespace

void panic(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    last_words(nullptr, nullptr, format, arguments);
}

void die(const PtRegs& regs, const FaultInfo* fault, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    last_words(&regs, fault, format, arguments);
}

} // namespace faultline
