// A spin lock whose holder takes no interrupts. For data that is used with a second lock held, one that interrupt
// handlers take. Otherwise there is a circle of three waits: a handler has interrupted the holder of this lock and
// waits for the second; the holder of the second waits for this one; and this one stays held until the handler returns.
#pragma once

#include <arch/irq.hpp>

#include "base/spinlock.hpp"

namespace faultline {

// (Linux: spin_lock_irqsave.) Several of them are given up in the reverse of the order in which they were taken.
class CAPABILITY("spin lock") IrqSpinLock {
  public:
    constexpr explicit IrqSpinLock(const char* name) : lock_(name) {}

    void lock() ACQUIRE() {
        const IrqState before = local_irq_save();
        lock_.lock();
        before_ = before;
    }
    void unlock() RELEASE() {
        const IrqState before = before_;
        lock_.unlock();
        local_irq_restore(before);
    }

  private:
    SpinLock lock_;
    IrqState before_{}; // the holder's
};

} // namespace faultline
