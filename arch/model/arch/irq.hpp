// The modelled machine takes no interrupts while a test runs; masking them is remembered so that code which
// must run masked can be checked.
#pragma once

#include "base/relaxed.hpp"

namespace faultline {

namespace model {
inline constinit Relaxed<bool> interrupts_masked = false;
} // namespace model

inline bool irqs_disabled() { return model::interrupts_masked; }
inline void local_irq_enable() { model::interrupts_masked = false; }
inline void local_irq_disable() { model::interrupts_masked = true; }

class [[nodiscard]] IrqGuard {
  public:
    IrqGuard() : before_(model::interrupts_masked) { model::interrupts_masked = true; }
    ~IrqGuard() { model::interrupts_masked = before_; }
    IrqGuard(const IrqGuard&) = delete;
    IrqGuard& operator=(const IrqGuard&) = delete;

  private:
    bool before_;
};

// Nothing will ever come: an idle modelled CPU is a test that deadlocked. Advances to the next timer or ends
// the test.
void wait_for_interrupt();

} // namespace faultline
