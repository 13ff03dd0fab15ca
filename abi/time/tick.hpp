// The tick: every 4 ms, a CPU that runs tasks records whether it interrupted user mode or the kernel, and checks the
// limits and timers on the process's CPU time.
#pragma once

#include "abi/task/cpu_time.hpp"
#include "base/types.hpp"

namespace faultline {

inline constexpr u64 TICK_NS = 4'000'000; // Linux: HZ = 250

void init_ticks(); // once, at boot. start_tick() is in kernel/upcalls.hpp

// How long an online CPU has been idle since boot, in nanoseconds; and the rest, as user and system time. Caller holds
// the kernel lock.
u64 cpu_idle_ns(u32 cpu);
CpuTime cpu_busy_time(u32 cpu);

} // namespace faultline
