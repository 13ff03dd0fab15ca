// CLOCK_REALTIME: clock_ns() and an offset that the real-time clock of the machine or clock_settime(2) gave.
#pragma once

#include "base/types.hpp"

namespace faultline {

struct WaitQueue; // kernel/sched/wait.hpp

void init_realtime(); // once, at boot

u64 realtime_ns(); // nanoseconds since 1970

// Sets it, and wakes realtime_sleepers(): a task that waits for a moment of this clock waits for a different one now
// (clock_settime(2), Notes).
void set_realtime(u64 now_ns);
WaitQueue& realtime_sleepers();

// The clock_ns() moment of a moment of CLOCK_REALTIME; 0 if it was before boot.
u64 realtime_to_monotonic(u64 realtime);

} // namespace faultline
