// The clocks that programs ask for by number (clock_gettime(2)), and the time of day.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

struct ThreadGroup; // abi/task/thread_group.hpp

// What a clock shows, in nanoseconds, to the process `group`, which CLOCK_PROCESS_CPUTIME_ID means. INVAL: no
// such clock, or it belonged to a thread or process that has gone. The coarse clocks are as fine as the
// others. From anywhere.
Result<u64> read_clock_of(const ThreadGroup& group, s32 clock);
Result<u64> read_clock(s32 clock); // for current

// Whether a clock counts CPU time: CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, and those that
// clock_getcpuclockid(3) makes.
bool is_cpu_clock(s32 clock);

// System calls; the forms with 64 pass seconds in 64 bits.
Result<u32> sys_clock_gettime(s32 clock, UserAddr time);
Result<u32> sys_clock_gettime64(s32 clock, UserAddr time);
Result<u32> sys_clock_settime(s32 clock, UserAddr time);
Result<u32> sys_clock_settime64(s32 clock, UserAddr time);
Result<u32> sys_clock_getres(s32 clock, UserAddr resolution);
Result<u32> sys_clock_getres_time64(s32 clock, UserAddr resolution);
Result<u32> sys_gettimeofday(UserAddr time, UserAddr zone);
Result<u32> sys_settimeofday(UserAddr time, UserAddr zone);

} // namespace faultline
