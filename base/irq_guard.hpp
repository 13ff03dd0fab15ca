// Interrupts masked until the end of a scope, on any machine: <arch/irq.hpp> does the masking.
#pragma once

#include <arch/irq.hpp>

#include "base/irqs_masked.hpp"

namespace faultline {

// Restores what was before, so it nests.
class [[nodiscard]] SCOPED_CAPABILITY IrqGuard {
  public:
    IrqGuard() ACQUIRE(irqs_masked) : before_(local_irq_save()) {}
    ~IrqGuard() RELEASE() { local_irq_restore(before_); }
    IrqGuard(const IrqGuard&) = delete;
    IrqGuard& operator=(const IrqGuard&) = delete;

  private:
    IrqState before_;
};

} // namespace faultline
