// A ticket lock: fair, and four bytes. It does not mask interrupts; data that an interrupt handler touches is guarded
// by an IrqGuard (base/irq_guard.hpp) taken before the lock.
#pragma once

#include <atomic>

#include "base/concurrency.hpp"
#include "base/lockdep.hpp"
#include "base/thread_safety.hpp"
#include "base/types.hpp"

namespace faultline {

class CAPABILITY("spin lock") SpinLock {
  public:
    constexpr SpinLock() = default;
    // `name` says what the lock guards, and is what base/lockdep.hpp knows it by: locks of one name are of one kind.
    constexpr explicit SpinLock(const char* name, lockdep::Kind kind = lockdep::Kind::Spin) : watch_(name, kind) {}
    SpinLock(const SpinLock&) = delete;
    SpinLock& operator=(const SpinLock&) = delete;

    void lock() ACQUIRE() {
        watch_.about_to_wait(this);
        schedule_point("take a lock");
        const u16 ticket = next_.fetch_add(1, std::memory_order_relaxed);
        spin_until([this, ticket] { return serving_.load(std::memory_order_acquire) == ticket; });
        watch_.taken(this);
    }
    // Not if anybody holds it or waits for it.
    bool try_lock() TRY_ACQUIRE(true) {
        schedule_point("try to take a lock");
        u16 ticket = serving_.load(std::memory_order_acquire);
        if (!next_.compare_exchange_strong(ticket, static_cast<u16>(ticket + 1), std::memory_order_acquire))
            return false;
        // True at once, unless this CPU stood still while all tickets were drawn, and they begin again.
        spin_until([&] { return serving_.load(std::memory_order_acquire) == ticket; });
        watch_.taken(this);
        return true;
    }
    void unlock() RELEASE() {
        watch_.released(this);
        const u16 now = serving_.load(std::memory_order_relaxed);
        serving_.store(static_cast<u16>(now + 1), std::memory_order_release);
        release_point("give up a lock");
    }
    // Whether somebody waits for the lock. The caller holds it. (Linux: spin_is_contended.)
    bool is_contended() const {
        const u16 tickets =
            static_cast<u16>(next_.load(std::memory_order_relaxed) - serving_.load(std::memory_order_relaxed));
        return tickets > 1;
    }
    bool is_locked() const { return next_.load(std::memory_order_relaxed) != serving_.load(std::memory_order_relaxed); }

  private:
    std::atomic<u16> next_{0};
    std::atomic<u16> serving_{0};
    [[no_unique_address]] lockdep::Watch watch_;
};

// Holds a lock for a scope; pass it to say "the caller holds it".
template <class Lock>
class [[nodiscard]] SCOPED_CAPABILITY Guard {
  public:
    explicit Guard(Lock& lock) ACQUIRE(lock) : lock_(lock) { lock_.lock(); }
    ~Guard() RELEASE() { lock_.unlock(); }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;

  private:
    Lock& lock_;
};

// Two locks of one kind, which may be one and the same, for a scope: the one at the lower address first, so two CPUs
// that want the same two locks never wait for each other. (Linux: double_lock_hb.)
template <class Lock>
class [[nodiscard]] SCOPED_CAPABILITY BothLocked {
  public:
    BothLocked(Lock& one, Lock& other)
        ACQUIRE(one, other) NO_THREAD_SAFETY_ANALYSIS // which cannot follow the condition
        : first_(&one < &other ? one : other),
          second_(&one < &other ? other : one) {
        first_.lock();
        if (&second_ != &first_)
            second_.lock();
    }
    ~BothLocked() RELEASE() NO_THREAD_SAFETY_ANALYSIS {
        if (&second_ != &first_)
            second_.unlock();
        first_.unlock();
    }
    BothLocked(const BothLocked&) = delete;
    BothLocked& operator=(const BothLocked&) = delete;

  private:
    Lock& first_;
    Lock& second_;
};

} // namespace faultline
