// What becomes of an abort: a second try, at once or when memory has come free, a fixup, a signal, or a panic; of an
// undefined instruction: a signal. And what is done on the way back to user mode.
#include <arch/irq.hpp>
#include <arch/ptrace.hpp>

#include "arch/contract/upcalls.hpp"
#include "kernel/alignment.hpp"
#include "kernel/sched/kernel_lock.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/sched/watchdog.hpp"
#include "kernel/upcalls.hpp"
#include "mm/fault.hpp"

namespace faultline {
namespace {

// Not inline: nearly every fault ends with Retry, and would pay for the registers that the rest needs.
[[gnu::noinline]] void act_on(FaultOutcome outcome, PtRegs& regs, FaultInfo fault) {
    switch (outcome.action()) {
    case FaultOutcome::Retry:
        return;
    case FaultOutcome::OutOfMemory:
        return pagefault_out_of_memory(regs, fault);
    case FaultOutcome::Fixup:
        if (!fixup_exception(regs))
            die(regs, &fault, "a kernel access to user memory that has no fixup");
        return;
    case FaultOutcome::Signal:
        if (outcome.reason() == BadAccess::Misaligned && !fault.execute())
            handle_alignment(regs, fault);
        else if (fault.kind() == FaultKind::Debug) // BKPT
            signal_debug_event(fault);
        else
            signal_bad_access(outcome.reason(), fault);
        return;
    case FaultOutcome::Oops:
        break;
    }
    die(regs, &fault, "the kernel may not make this access: %s", fault_kind_name(fault.kind()));
}

[[gnu::noinline]] void exit_to_user_mode_loop(PtRegs& regs) {
    const Task& task = *current();
    while (task.has_exit_work()) {
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

void handle_abort(FaultInfo fault, PtRegs& regs) {
    const FaultOutcome outcome = do_page_fault(fault);
    if (!outcome.is_retry()) [[unlikely]]
        act_on(outcome, regs, fault);
}

void handle_undefined(PtRegs& regs, bool breakpoint) { signal_undefined(regs.pc, breakpoint); }

void prepare_exit_to_user(PtRegs& regs) {
    trace_hardirqs_off();
    if (current()->has_exit_work()) [[unlikely]]
        exit_to_user_mode_loop(regs);
    touch_softlockup_watchdog();
    trace_hardirqs_on();
}

} // namespace faultline
