// A ticket lock: fair, and four bytes. It does not mask interrupts; data that an interrupt handler touches is guarded
// by an IrqGuard (base/irq_guard.hpp) taken before the lock.
#pragma once

#include <atomic>
#include <bit>

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
        const u32 before = tickets_.both.fetch_add(ONE_TICKET, std::memory_order_acquire);
        if (!is_free(before)) [[unlikely]]
            spin_until([this, ticket = next_in(before)] {
                return tickets_.serving.load(std::memory_order_acquire) == ticket;
            });
        watch_.taken(this);
    }
    // Not if anybody holds it or waits for it.
    bool try_lock() TRY_ACQUIRE(true) {
        schedule_point("try to take a lock");
        u32 free = tickets_.both.load(std::memory_order_relaxed);
        if (!is_free(free) ||
            !tickets_.both.compare_exchange_strong(free, free + ONE_TICKET, std::memory_order_acquire))
            return false;
        watch_.taken(this);
        return true;
    }
    // The holder alone changes who is served. The other half it leaves to those who come.
    void unlock() RELEASE() {
        watch_.released(this);
        const u16 now = tickets_.serving.load(std::memory_order_relaxed);
        tickets_.serving.store(static_cast<u16>(now + 1), std::memory_order_release);
        release_point("give up a lock");
    }
    // Whether somebody waits for the lock. The caller holds it. (Linux: spin_is_contended.)
    bool is_contended() const {
        const u32 now = tickets_.both.load(std::memory_order_relaxed);
        return static_cast<u16>(next_in(now) - serving_in(now)) > 1;
    }
    bool is_locked() const { return !is_free(tickets_.both.load(std::memory_order_relaxed)); }

  private:
    // The number of the next ticket, and of the one that is served: drawn and compared in one step. (Linux arch/arm:
    // arch_spinlock_t.)
    static constexpr u32 ONE_TICKET = 1u << 16; // what overflows is lost
    static constexpr u16 serving_in(u32 both) { return static_cast<u16>(both); }
    static constexpr u16 next_in(u32 both) { return static_cast<u16>(both >> 16); }
    static constexpr bool is_free(u32 both) { return std::rotl(both, 16) == both; } // both halves are the same
    union Tickets {
        constexpr Tickets() : both(0) {}
        std::atomic<u32> both;
        std::atomic<u16> serving; // the lower half
    };
    static_assert(std::endian::native == std::endian::little);

    Tickets tickets_;
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
