// Masking interrupts on the modelled machine. It takes no interrupts by itself, but it records the mask, so that tests
// can check code that must run with interrupts masked.
#pragma once

#include "base/irqs_masked.hpp"

namespace faultline {

namespace model {
inline constinit thread_local bool interrupts_masked = false; // in tests/threads each CPU is a thread
} // namespace model

inline bool irqs_disabled() { return model::interrupts_masked; }
inline void local_irq_enable() RELEASE(irqs_masked) {
    irqs_masked.ends();
    model::interrupts_masked = false;
}
inline void local_irq_disable() ACQUIRE(irqs_masked) {
    irqs_masked.begins();
    model::interrupts_masked = true;
}

using IrqState = bool;
inline IrqState local_irq_save() {
    const bool before = model::interrupts_masked;
    model::interrupts_masked = true;
    return before;
}
inline void local_irq_restore(IrqState before) { model::interrupts_masked = before; }

// Advances the clock to the next timer event. Throws std::runtime_error if there is none: then the CPU would wait for
// ever.
void wait_for_interrupt();

} // namespace faultline
