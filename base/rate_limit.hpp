// Lets through a few of many messages of one kind. (Linux: struct ratelimit_state, ___ratelimit.)
#pragma once

#include "base/irq_spinlock.hpp"
#include "base/types.hpp"

namespace faultline {

class RateLimit {
  public:
    // (Linux: DEFAULT_RATELIMIT_BURST, DEFAULT_RATELIMIT_INTERVAL.)
    static constexpr u32 BURST = 10;
    static constexpr u64 INTERVAL_NS = 5'000'000'000;

    struct Answer {
        bool permitted;
        u32 missed; // how many were not, in an interval that has just ended
    };
    // One more message at this time. An interval begins with the first of it. Callable from anywhere.
    Answer ask(u64 now_ns) {
        const Guard lock(lock_);
        u32 missed = 0;
        if (asked_ == 0 || now_ns - began_ns_ >= INTERVAL_NS) {
            missed = asked_ > BURST ? asked_ - BURST : 0;
            began_ns_ = now_ns;
            asked_ = 0;
        }
        return {++asked_ <= BURST, missed};
    }

  private:
    IrqSpinLock lock_{"RateLimit"};
    u64 began_ns_ GUARDED_BY(lock_) = 0;
    u32 asked_ GUARDED_BY(lock_) = 0; // in this interval
};

} // namespace faultline
