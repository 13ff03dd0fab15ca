// Deadlines: a queue ordered by time, and the one hardware timer that serves it. (Linux: hrtimer.)
#pragma once

#include "base/intrusive.hpp"
#include "base/types.hpp"

namespace faultline {

inline constexpr u64 NO_DEADLINE = ~u64{0};
inline constexpr u64 NSEC_PER_SEC = 1'000'000'000;

// Two timers may share a deadline; the order in which they were armed then decides.
struct TimerKey {
    u64 deadline_ns = NO_DEADLINE;
    u64 sequence = 0;
    auto operator<=>(const TimerKey&) const = default;
};

struct Timer {
    TreeHook node;
    TimerKey key;
    bool armed = false;
    // Called once, in interrupt context, when the deadline has passed; the timer is disarmed and may be armed
    // again.
    void (*expired)(Timer& timer) = nullptr;
};

// Once, at boot, before any other function here.
void init_timers();

// Arms `timer` for `deadline_ns` (clock_ns() time; past: as soon as interrupts allow), replacing what it was
// armed for. NO_DEADLINE only disarms. Callable anywhere.
void mod_timer(Timer& timer, u64 deadline_ns);

// Disarms; true if it was armed. After this `expired` will not be called. Callable anywhere.
bool del_timer(Timer& timer);

// Asks for a timer interrupt at `deadline_ns` or before: the scheduler's end of slice, which is no Timer
// because it moves with every switch. Interrupts masked.
void want_event(u64 deadline_ns);

// A moment `interval_ns` from `now_ns`; "never" if that cannot be said in 64 bits.
constexpr u64 deadline_after(u64 now_ns, u64 interval_ns) {
    return interval_ns > NO_DEADLINE - now_ns ? NO_DEADLINE : now_ns + interval_ns;
}

} // namespace faultline
