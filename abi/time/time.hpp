// CLOCK_REALTIME.
#pragma once

#include "base/types.hpp"

namespace faultline {

// Nanoseconds since 1970: clock_ns() and an offset that the machine's real-time clock or clock_settime(2)
// gave.
u64 realtime_ns();
void set_realtime(u64 now_ns);

// The clock_ns() moment of a moment of CLOCK_REALTIME; 0 if it was before boot.
u64 realtime_to_monotonic(u64 realtime);

} // namespace faultline
