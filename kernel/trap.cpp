// What follows a fault of a program: an abort leads to a second try, a fixup or a signal, an undefined instruction to a
// signal.
#include <asm/siginfo.h>
#include <linux/signal.h>

#include <arch/ptrace.hpp>

#include "arch/contract/uaccess.hpp"
#include "arch/contract/upcalls.hpp"
#include "kernel/debug/panic.hpp"
#include "kernel/sched/kernel_lock.hpp"
#include "kernel/upcalls.hpp"
#include "mm/fault.hpp"

namespace faultline {

namespace {

// The values of trap_no in struct sigcontext, as Linux/ARM sets it.
constexpr u32 TRAP_UNDEFINED = 6, TRAP_PAGE_FAULT = 14;

void remember_fault(u32 trap_no, u32 status, u32 address) {
    Task& task = *current();
    task.fault_trap_no = trap_no;
    task.fault_status = status;
    task.fault_address = address;
}

// Whether this is a breakpoint: BKPT, or one of the undefined instructions that debuggers use instead (Linux
// arch/arm/kernel/ptrace.c).
bool is_breakpoint(const PtRegs& regs) {
    if (thumb_mode(regs)) {
        const auto low = get_user_u8(UserAddr(regs.pc)), high = get_user_u8(UserAddr(regs.pc + 1));
        if (!low || !high)
            return false;
        const u32 instruction = u32{low.value()} | u32{high.value()} << 8;
        return (instruction & 0xff00) == 0xbe00 || instruction == 0xde01;
    }
    const auto instruction = get_user_u32(UserAddr(regs.pc));
    return instruction &&
           ((instruction.value() & 0xfff000f0) == 0xe1200070 || (instruction.value() & 0x0fffffff) == 0x07f001f0);
}

} // namespace

void handle_abort(PtRegs& regs, const FaultInfo& fault) {
    const FaultOutcome outcome = do_page_fault(fault);
    switch (outcome.action) {
    case FaultOutcome::Retry:
        return;
    case FaultOutcome::Fixup:
        if (!fixup_exception(regs))
            die(regs, &fault, "a kernel access to user memory that has no fixup");
        return;
    case FaultOutcome::Signal: {
        const KernelLocked lock;
        remember_fault(TRAP_PAGE_FAULT, fault.status, fault.address);
        force_sig_fault(outcome.signal, outcome.code, fault.address);
        return;
    }
    case FaultOutcome::Oops:
        break;
    }
    die(regs, &fault, "the kernel may not make this access: %s", fault_kind_name(fault.kind));
}

void handle_undefined(PtRegs& regs) {
    const KernelLocked lock;
    const bool breakpoint = is_breakpoint(regs);
    remember_fault(TRAP_UNDEFINED, 0, 0);
    force_sig_fault(breakpoint ? SIGTRAP : SIGILL, breakpoint ? TRAP_BRKPT : ILL_ILLOPC, regs.pc);
}

} // namespace faultline
