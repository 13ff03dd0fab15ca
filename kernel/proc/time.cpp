#include "kernel/proc/time.hpp"

#include "arch/contract/clock.hpp"

namespace faultline {

namespace {
constinit u64 offset_ns = 0; // CLOCK_REALTIME − CLOCK_MONOTONIC
} // namespace

u64 realtime_ns() { return clock_ns() + offset_ns; }
void set_realtime(u64 now_ns) { offset_ns = now_ns - clock_ns(); }
u64 realtime_to_monotonic(u64 realtime) { return realtime > offset_ns ? realtime - offset_ns : 0; }

} // namespace faultline
