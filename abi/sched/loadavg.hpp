// The load averages: how many tasks were runnable or in uninterruptible sleep, over 1, 5 and 15 minutes
// (proc(5), /proc/loadavg; Linux: kernel/sched/loadavg.c).
#pragma once

#include "base/types.hpp"

namespace faultline {

inline constexpr u32 LOAD_SHIFT = 16; // averages have so many fractional bits (Linux: SI_LOAD_SHIFT)

struct LoadAverage {
    u32 minutes[3] = {}; // 1, 5, 15
};
LoadAverage get_avenrun();

void init_loadavg(); // once, at boot: samples every five seconds from now on

} // namespace faultline
