// How the debug kernel learns that an exception has masked interrupts by itself.
#pragma once

#include <arch/irq.hpp>
#include <arch/ptrace.hpp>

namespace faultline {

// In the C++ of an exception: interrupts are masked from its vector on, if the interrupted code had them on, and at the
// latest until it returns.
class [[nodiscard]] MaskedByException {
  public:
    explicit MaskedByException([[maybe_unused]] const PtRegs& regs) {
#ifdef FAULTLINE_DEBUG
        began_ = (regs.cpsr & PSR_I) == 0;
        if (began_)
            trace_hardirqs_off();
#endif
    }
    ~MaskedByException() {
#ifdef FAULTLINE_DEBUG
        if (began_ && irqs_disabled())
            trace_hardirqs_on();
#endif
    }
    MaskedByException(const MaskedByException&) = delete;
    MaskedByException& operator=(const MaskedByException&) = delete;

#ifdef FAULTLINE_DEBUG
  private:
    bool began_;
#endif
};

// Whether this machine can be watched: it counts instructions. Afterwards it is. Once, after pmu_init_cpu().
#ifdef FAULTLINE_DEBUG
void irq_watch_init(u32 cpus);
#else
inline void irq_watch_init(u32) {}
#endif

} // namespace faultline
