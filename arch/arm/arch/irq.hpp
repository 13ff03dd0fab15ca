// Masking interrupts on this CPU (CPSR.I).
#pragma once

#include <arch/psr.hpp>

#include "base/irqs_masked.hpp"
#include "base/types.hpp"

namespace faultline {

// The debug kernel measures how long interrupts are masked (arch/arm/irq_watch.cpp). The two functions are called with
// interrupts masked: just after they were masked, and just before they are unmasked or the CPU sleeps. (Linux: the same
// names.)
#ifdef FAULTLINE_DEBUG
inline constexpr bool TRACES_IRQS = true;
void trace_hardirqs_off();
void trace_hardirqs_on();
#else
inline constexpr bool TRACES_IRQS = false;
inline void trace_hardirqs_off() {}
inline void trace_hardirqs_on() {}
#endif

inline bool irqs_disabled() {
    u32 cpsr;
    asm volatile("mrs %0, cpsr" : "=r"(cpsr));
    return (cpsr & PSR_I) != 0;
}
inline void local_irq_enable() RELEASE(irqs_masked) {
    irqs_masked.ends();
    if (TRACES_IRQS && irqs_disabled())
        trace_hardirqs_on();
    asm volatile("cpsie i" ::: "memory");
}
inline void local_irq_disable() ACQUIRE(irqs_masked) {
    irqs_masked.begins();
    const bool begins = TRACES_IRQS && !irqs_disabled();
    asm volatile("cpsid i" ::: "memory");
    if (begins)
        trace_hardirqs_off();
}

// The interrupt state before local_irq_save(); local_irq_restore() restores it, on the same CPU.
using IrqState = u32;
inline IrqState local_irq_save() {
    u32 cpsr;
    asm volatile("mrs %0, cpsr\n\tcpsid i" : "=r"(cpsr)::"memory");
    if (TRACES_IRQS && (cpsr & PSR_I) == 0)
        trace_hardirqs_off();
    return cpsr;
}
inline void local_irq_restore(IrqState cpsr) {
    if (TRACES_IRQS && (cpsr & PSR_I) == 0 && irqs_disabled())
        trace_hardirqs_on();
    asm volatile("msr cpsr_c, %0" ::"r"(cpsr) : "memory");
}

// Sleeps until an interrupt is pending, masked or not (WFI). The caller has interrupts masked, and unmasks them
// afterwards.
inline void wait_for_interrupt() {
    trace_hardirqs_on();
    asm volatile("dsb\n\twfi" ::: "memory");
    trace_hardirqs_off();
}

} // namespace faultline
