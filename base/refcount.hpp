// A reference count that cannot wrap around. If it overflows, it saturates: it keeps that value for ever, and the
// object is never freed, which is only a leak. Taking a reference to a free object, or dropping one reference too many,
// is an error of the kernel: it panics. (Linux: include/linux/refcount.h, refcount_t.)
#pragma once

#include <atomic>
#include <climits>

#include "base/assert.hpp"
#include "base/types.hpp"

namespace faultline {

class Refcount {
  public:
    // Far from 0 and from wrapping around, whatever other CPUs count at the same time.
    static constexpr s32 SATURATED = INT_MIN / 2;

    constexpr explicit Refcount(s32 count) : count_(count) {}
    Refcount(const Refcount&) = delete;
    Refcount& operator=(const Refcount&) = delete;

    // Sets the count of an object that no other CPU can reach yet.
    void set(s32 count) { count_.store(count, std::memory_order_relaxed); }

    s32 read() const { return count_.load(std::memory_order_relaxed); }

    // Whether the caller's is the only reference. Then everything that was done through the others is visible to it.
    bool is_only() const { return count_.load(std::memory_order_acquire) == 1; }

    // Takes a reference. The caller has one already, or holds the lock under which the last one would be dropped.
    void inc() {
        if (const s32 before = count_.fetch_add(1, std::memory_order_relaxed); before <= 0) [[unlikely]]
            saturate(before, "a reference of what is free");
    }

    // Takes a reference to an object that the caller has only found, without a reference. Returns false if the count is
    // 0: the object is being freed.
    [[nodiscard]] bool inc_not_zero() {
        s32 count = read();
        do {
            if (count == 0)
                return false;
        } while (!count_.compare_exchange_weak(count, count < 0 ? SATURATED : count + 1, std::memory_order_acquire,
                                               std::memory_order_relaxed));
        return true;
    }

    // Drops a reference. Returns true if it was the last; everything that was done through the other references is then
    // visible to the caller.
    [[nodiscard]] bool dec_and_test() {
        const s32 before = count_.fetch_sub(1, std::memory_order_acq_rel);
        if (before <= 0) [[unlikely]]
            saturate(before, "a reference given back that nobody had");
        return before == 1;
    }

  private:
    [[gnu::cold]] void saturate(s32 before, const char* mistake) {
        count_.store(before == 0 ? 0 : SATURATED, std::memory_order_relaxed);
        if (before == 0)
            panic("BUG: reference count: %s", mistake);
    }

    std::atomic<s32> count_;
};

} // namespace faultline
