// Locks for data that tasks share with interrupt handlers: the holder masks interrupts on its CPU, and other CPUs spin.
#pragma once

#include "arch/contract/machine.hpp"
#include "base/irq_guard.hpp"
#include "base/relaxed.hpp"
#include "base/spinlock.hpp"

namespace faultline {

// Holds a spin lock with interrupts masked until the end of the scope. (Linux: spin_lock_irqsave.)
template <class Lock>
class [[nodiscard]] SCOPED_CAPABILITY IrqLocked {
  public:
    explicit IrqLocked(Lock& lock) ACQUIRE(lock, irqs_masked) : held_(lock) {}
    ~IrqLocked() RELEASE() {}
    IrqLocked(const IrqLocked&) = delete;
    IrqLocked& operator=(const IrqLocked&) = delete;

  private:
    IrqGuard irqs_;
    Guard<Lock> held_;
};

// A spin lock that its CPU may take again while it holds it, for modules whose functions call one another and each take
// the lock.
class CAPABILITY("spin lock") RecursiveSpinLock {
  public:
    constexpr explicit RecursiveSpinLock(const char* name) : lock_(name) {}

    void lock() REQUIRES(irqs_masked) ACQUIRE() {
        const u32 here = machine::this_cpu().value() + 1u;
        if (holder_ != here) {
            lock_.lock();
            holder_ = here;
        }
        ++depth_;
    }
    void unlock() REQUIRES(irqs_masked) RELEASE() {
        if (--depth_ != 0)
            return;
        holder_ = NOBODY;
        lock_.unlock();
    }
    bool held_here() const { return holder_ == machine::this_cpu().value() + 1u; }

  private:
    static constexpr u32 NOBODY = 0;

    SpinLock lock_;
    // The holder's CPU number plus 1. A CPU finds its own number here only if it holds the lock
    Relaxed<u32> holder_ = NOBODY;
    u32 depth_ = 0;
};

} // namespace faultline
