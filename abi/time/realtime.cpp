// Reads, sets and converts CLOCK_REALTIME.
#include "abi/time/realtime.hpp"

#include "arch/contract/clock.hpp"
#include "base/late.hpp"
#include "kernel/sched/timer.hpp"
#include "kernel/sched/wait.hpp"

namespace faultline {

namespace {
constinit Late<WaitQueue> sleepers;
} // namespace

void init_realtime() { sleepers.emplace(); }
WaitQueue& realtime_sleepers() { return *sleepers; }

u64 realtime_ns() { return clock_ns() + static_cast<u64>(realtime_offset_ns()); }
u64 realtime_to_monotonic(u64 realtime) { return monotonic_of(ClockBase::Realtime, realtime); }

void set_realtime(u64 now_ns) {
    set_realtime_offset(static_cast<s64>(now_ns - clock_ns()));
    wake_up_all(*sleepers);
}

} // namespace faultline
