// Masking interrupts on this CPU (CPSR.I).
#pragma once

#include "base/irqs_masked.hpp"
#include "base/types.hpp"

namespace faultline {

inline bool irqs_disabled() {
    u32 cpsr;
    asm volatile("mrs %0, cpsr" : "=r"(cpsr));
    return (cpsr & 0x80) != 0;
}
inline void local_irq_enable() RELEASE(irqs_masked) {
    irqs_masked.ends();
    asm volatile("cpsie i" ::: "memory");
}
inline void local_irq_disable() ACQUIRE(irqs_masked) {
    irqs_masked.begins();
    asm volatile("cpsid i" ::: "memory");
}

// The interrupt state before local_irq_save(); local_irq_restore() restores it, on the same CPU.
using IrqState = u32;
inline IrqState local_irq_save() {
    u32 cpsr;
    asm volatile("mrs %0, cpsr\n\tcpsid i" : "=r"(cpsr)::"memory");
    return cpsr;
}
inline void local_irq_restore(IrqState cpsr) { asm volatile("msr cpsr_c, %0" ::"r"(cpsr) : "memory"); }

// Sleeps until an interrupt is pending, masked or not (WFI). The caller has interrupts masked, and unmasks them
// afterwards.
inline void wait_for_interrupt() { asm volatile("dsb\n\twfi" ::: "memory"); }

} // namespace faultline
