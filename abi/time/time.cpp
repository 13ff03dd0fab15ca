#include "abi/time/time.hpp"

#include "arch/contract/clock.hpp"
#include "kernel/sched/timer.hpp"

namespace faultline {

u64 realtime_ns() { return clock_ns() + static_cast<u64>(realtime_offset_ns()); }
void set_realtime(u64 now_ns) { set_realtime_offset(static_cast<s64>(now_ns - clock_ns())); }
u64 realtime_to_monotonic(u64 realtime) { return monotonic_of(ClockBase::Realtime, realtime); }

} // namespace faultline
