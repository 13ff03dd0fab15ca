// Masking interrupts on this CPU (CPSR.I).
#pragma once

#include "base/types.hpp"

namespace faultline {

inline bool irqs_disabled() {
    u32 cpsr;
    asm volatile("mrs %0, cpsr" : "=r"(cpsr));
    return (cpsr & 0x80) != 0;
}
inline void local_irq_enable() { asm volatile("cpsie i" ::: "memory"); }
inline void local_irq_disable() { asm volatile("cpsid i" ::: "memory"); }

// Interrupts masked for a scope; restores what was before, so it nests.
class [[nodiscard]] IrqGuard {
  public:
    IrqGuard() { asm volatile("mrs %0, cpsr\n\tcpsid i" : "=r"(cpsr_)::"memory"); }
    ~IrqGuard() { asm volatile("msr cpsr_c, %0" ::"r"(cpsr_) : "memory"); }
    IrqGuard(const IrqGuard&) = delete;
    IrqGuard& operator=(const IrqGuard&) = delete;

  private:
    u32 cpsr_;
};

// Sleeps until an interrupt is pending, even a masked one (WFI). Call with interrupts masked, then unmask.
inline void wait_for_interrupt() { asm volatile("dsb\n\twfi" ::: "memory"); }

} // namespace faultline
