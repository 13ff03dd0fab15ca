// The modelled machine takes no interrupts while a test runs; masking them is remembered so that code which
// must run masked can be checked.
#pragma once

#include "base/irqs_masked.hpp"

namespace faultline {

namespace model {
inline constinit thread_local bool interrupts_masked = false; // each CPU may be a thread (tests/threads)
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

// Nothing will ever come: an idle modelled CPU is a test that deadlocked. Advances to the next timer or ends
// the test.
void wait_for_interrupt();

} // namespace faultline
