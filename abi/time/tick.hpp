// The tick: while a CPU runs tasks, it asks every 4 ms what it interrupted, and whether a process has used up its time.
#pragma once

#include "abi/task/cpu_time.hpp"
#include "base/types.hpp"

namespace faultline {

inline constexpr u64 TICK_NS = 4'000'000; // Linux: HZ = 250

void init_ticks(); // once, at boot. start_tick() is in kernel/upcalls.hpp

// What a CPU did since boot: how long it was idle, and how the rest divides. `cpu` is online.
u64 cpu_idle_ns(u32 cpu);
CpuTime cpu_busy_time(u32 cpu);

} // namespace faultline
