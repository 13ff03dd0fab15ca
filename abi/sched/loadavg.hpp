// The load averages: how many tasks were runnable or in uninterruptible sleep, over 1, 5 and 15 minutes
// (proc(5), /proc/loadavg; Linux: kernel/sched/loadavg.c).
#pragma once

#include "base/types.hpp"

namespace faultline {

inline constexpr u32 LOAD_SHIFT = 16; // fractional bits of an average (Linux: SI_LOAD_SHIFT)

struct LoadAverage {
    u32 minutes[3] = {}; // over 1, 5 and 15 minutes
};
LoadAverage get_avenrun(); // the present averages

void init_loadavg(); // once, at boot: takes a sample every five seconds from now on

} // namespace faultline
