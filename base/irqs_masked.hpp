// That interrupts are masked on this CPU, as something a function can require: REQUIRES(irqs_masked).
#pragma once

#include "base/thread_safety.hpp"

namespace faultline {

class CAPABILITY("state") IrqsMasked {
  public:
    void begins() const ACQUIRE() {} // for <arch/irq.hpp>, which brings it about; at run time nothing
    void ends() const RELEASE() {}
};
inline constexpr IrqsMasked irqs_masked;

} // namespace faultline
