// From the vectors to portable code: what happened, in words. entry.S calls these on the kernel stack of the
// current task, interrupts masked.
#include <arch/context.hpp>
#include <arch/irq.hpp>
#include <arch/ptrace.hpp>
#include <mmu/refill.hpp>

#include "arch/arm/layout.h"
#include "arch/armv7/fault_status.hpp"
#include "arch/contract/upcalls.hpp"

namespace faultline {

namespace {

extern "C" char usercopy_probe[], usercopy_probe_end[]; // usercopy.S

// It asks what this CPU says, and nobody else.
bool in_probe(const PtRegs& regs) {
    return regs.pc >= reinterpret_cast<u32>(usercopy_probe) && regs.pc < reinterpret_cast<u32>(usercopy_probe_end);
}

// An abort has the interrupted code's interrupt mask, not the vector's: the fault path sleeps.
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
    const FaultInfo fault = armv7::data_abort(dfsr, dfar, regs.pc, user_mode(regs));
    if (!refill_tlb(fault))
        deliver(regs, fault);
}

void do_prefetch_abort(PtRegs& regs, u32 ifsr, u32 ifar) {
    const FaultInfo fault = armv7::prefetch_abort(ifsr, ifar, regs.pc, user_mode(regs));
    if (!refill_tlb(fault))
        deliver(regs, fault);
}

// The vector left the address of the instruction *after* the undefined one, as if that were 2 bytes in Thumb
// state and 4 in ARM state (ARM ARM table B1-6).
void do_undefined(PtRegs& regs) {
    regs.pc -= thumb_mode(regs) ? 2 : 4;
    if (!user_mode(regs)) {
        if (fixup_exception(regs)) // machine_exit() tries an instruction that may not exist
            return;
        die(regs, nullptr, "undefined instruction in the kernel at 0x%08x", regs.pc);
    }
    local_irq_enable();
    handle_undefined(regs);
}

void do_unexpected(PtRegs& regs) { die(regs, nullptr, "reset, FIQ or Hyp trap, which nothing should cause"); }

} // extern "C"

} // namespace faultline
