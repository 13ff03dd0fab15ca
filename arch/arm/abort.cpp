// An abort in words: from the fault status registers to a FaultInfo, and up to portable code. entry.S calls these on the
// kernel stack of the current task, interrupts masked.
#include <arch/context.hpp>
#include <arch/irq.hpp>
#include <arch/ptrace.hpp>
#include <mmu/refill.hpp>

#include "arch/arm/irq_watch.hpp"
#include "arch/arm/layout.h"
#include "arch/armv7/fault_status.hpp"
#include "arch/contract/upcalls.hpp"

namespace faultline {

namespace {

extern "C" char usercopy_probe[], usercopy_probe_end[]; // usercopy.S

// Whether probe_user() made the access: it only wants to know if this CPU permits it.
bool in_probe(const PtRegs& regs) {
    return regs.pc >= reinterpret_cast<u32>(usercopy_probe) && regs.pc < reinterpret_cast<u32>(usercopy_probe_end);
}

// The fault path sleeps, so it runs with interrupts as they were at the fault; the vector masked them.
void deliver(PtRegs& regs, const FaultInfo& fault) {
    if (!fault.user_mode) {
        check_stack_end();
        if (in_probe(regs) && fixup_exception(regs)) [[unlikely]]
            return;
    }
    if ((regs.cpsr & PSR_I) == 0)
        local_irq_enable();
    handle_abort(regs, fault);
}

} // namespace

extern "C" {

void do_data_abort(PtRegs& regs, u32 dfsr, u32 dfar) {
    const MaskedByException masked(regs);
    const FaultInfo fault = armv7::data_abort(dfsr, dfar, regs.pc, user_mode(regs));
    if (!refill_tlb(fault))
        deliver(regs, fault);
}

void do_prefetch_abort(PtRegs& regs, u32 ifsr, u32 ifar) {
    const MaskedByException masked(regs);
    const FaultInfo fault = armv7::prefetch_abort(ifsr, ifar, regs.pc, user_mode(regs));
    if (!refill_tlb(fault))
        deliver(regs, fault);
}

} // extern "C"

} // namespace faultline
