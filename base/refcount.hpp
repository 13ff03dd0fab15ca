// A reference count that cannot be made to come round. One that overflows saturates: it stays where it is for ever, and
// what it counts is never freed, which is a leak and no more. A reference taken of what is gone already, or given back
// once too often, is the kernel's own mistake: it panics. (Linux: include/linux/refcount.h, refcount_t.)
#pragma once

#include <atomic>
#include <climits>

#include "base/assert.hpp"
#include "base/types.hpp"

namespace faultline {

class Refcount {
  public:
    static constexpr s32 SATURATED = INT_MIN / 2; // as far from 0 as from coming round, for whoever counts meanwhile

    constexpr explicit Refcount(s32 count) : count_(count) {}
    Refcount(const Refcount&) = delete;
    Refcount& operator=(const Refcount&) = delete;

    // What nobody else can reach yet.
    void set(s32 count) { count_.store(count, std::memory_order_relaxed); }

    s32 read() const { return count_.load(std::memory_order_relaxed); }

    // One more. The caller has one, or holds the lock under which the last one would be given back.
    void inc() {
        if (const s32 before = count_.fetch_add(1, std::memory_order_relaxed); before <= 0) [[unlikely]]
            saturate(before, "a reference of what is free");
    }

    // The same for one who only found it: false if it is gone.
    [[nodiscard]] bool inc_not_zero() {
        s32 count = read();
        do {
            if (count == 0)
                return false;
        } while (!count_.compare_exchange_weak(count, count < 0 ? SATURATED : count + 1, std::memory_order_acquire,
                                               std::memory_order_relaxed));
        return true;
    }

    // One fewer; true: it was the last, and everything done through the others has been done.
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
