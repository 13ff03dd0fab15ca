// The clocks of clock_gettime(2), by number.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

struct ThreadGroup;

void init_clocks(); // once, at boot

// What a clock shows, in nanoseconds, to the process `group`, which CLOCK_PROCESS_CPUTIME_ID means. INVAL: no
// such clock, or it belonged to a thread or process that has gone. The coarse clocks are as fine as the
// others. From anywhere.
Result<u64> read_clock_of(const ThreadGroup& group, s32 clock);
Result<u64> read_clock(s32 clock); // for current

} // namespace faultline
