// A ticket lock: fair, and four bytes. It does not mask interrupts; data that an interrupt handler touches is
// guarded by an IrqGuard (<arch/irq.hpp>) taken before the lock.
#pragma once

#include <atomic>

#include "base/concurrency.hpp"
#include "base/types.hpp"

namespace faultline {

class SpinLock {
  public:
    constexpr SpinLock() = default;
    SpinLock(const SpinLock&) = delete;
    SpinLock& operator=(const SpinLock&) = delete;

    void lock() {
        schedule_point("take a lock");
        const u16 ticket = next_.fetch_add(1, std::memory_order_relaxed);
        spin_until([&] { return serving_.load(std::memory_order_acquire) == ticket; });
    }
    void unlock() {
        const u16 now = serving_.load(std::memory_order_relaxed);
        serving_.store(static_cast<u16>(now + 1), std::memory_order_release);
    }
    bool is_locked() const {
        return next_.load(std::memory_order_relaxed) != serving_.load(std::memory_order_relaxed);
    }

  private:
    std::atomic<u16> next_{0};
    std::atomic<u16> serving_{0};
};

// Holds a lock for a scope; pass it to say "the caller holds it".
template <class Lock>
class [[nodiscard]] Guard {
  public:
    explicit Guard(Lock& lock) : lock_(lock) { lock_.lock(); }
    ~Guard() { lock_.unlock(); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

  private:
    Lock& lock_;
};

} // namespace faultline
