// An abort in words: from the fault status registers to a FaultInfo, and up to portable code. entry.S calls these on the
// kernel stack of the current task, interrupts masked.
#include <arch/context.hpp>
#include <arch/irq.hpp>
#include <arch/ptrace.hpp>
#include <arch/uaccess.hpp>
#include <mmu/refill.hpp>

#include "arch/arm/irq_watch.hpp"
#include "arch/arm/layout.h"
#include "arch/armv7/fault_status.hpp"
#include "arch/contract/upcalls.hpp"
#include "base/trace.hpp"

namespace faultline {

namespace {

// The fault path sleeps, so interrupts are as they were before the vector masked them. A program has them on.
[[gnu::always_inline]] inline void deliver(PtRegs& regs, FaultInfo fault) {
    if (!fault.user_mode()) {
        check_stack_end();
        if (in_probe_user(regs.pc) && fixup_exception(regs)) [[unlikely]]
            return;
    }
    TRACE(Abort, fault.address, fault.kind(), access_bits(fault), regs.pc);
    if (fault.user_mode() || (regs.cpsr & PSR_I) == 0)
        local_irq_enable();
    handle_abort(fault, regs);
}

[[gnu::always_inline]] inline void take(PtRegs& regs, FaultInfo fault) {
    const MaskedByException masked(regs);
    TRACE(Vector, fault.address, fault.status(), regs.pc, regs.cpsr);
    if (!refill_tlb(fault))
        deliver(regs, fault);
}

} // namespace

extern "C" {

void do_data_abort(u32 dfar, u32 dfsr, PtRegs& regs) { take(regs, armv7::data_abort(dfsr, dfar, true)); }
void do_data_abort_in_kernel(u32 dfar, u32 dfsr, PtRegs& regs) { take(regs, armv7::data_abort(dfsr, dfar, false)); }

void do_prefetch_abort(u32 ifar, u32 ifsr, PtRegs& regs) { take(regs, armv7::prefetch_abort(ifsr, ifar, true)); }
void do_prefetch_abort_in_kernel(u32 ifar, u32 ifsr, PtRegs& regs) {
    take(regs, armv7::prefetch_abort(ifsr, ifar, false));
}

} // extern "C"

} // namespace faultline
