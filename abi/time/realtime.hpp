// CLOCK_REALTIME: clock_ns() plus an offset, which the machine's real-time clock or clock_settime(2) sets.
#pragma once

#include "base/types.hpp"

namespace faultline {

struct WaitQueue; // kernel/sched/wait.hpp

void init_realtime(); // once, at boot

u64 realtime_ns(); // nanoseconds since 1970. Callable from anywhere

// Sets the clock to `now_ns`, nanoseconds since 1970, and wakes realtime_sleepers(), whose deadlines have moved
// (clock_settime(2), Notes).
void set_realtime(u64 now_ns);
WaitQueue& realtime_sleepers(); // tasks that sleep until a time of CLOCK_REALTIME

// Converts a time of CLOCK_REALTIME to clock_ns(), as the clock is set now. 0 if it was before boot; NO_DEADLINE stays.
u64 realtime_to_monotonic(u64 realtime);

} // namespace faultline
