// The watches of the debug kernel for what makes no progress: a CPU that stays in kernel code, and a task that sleeps in a
// state that nothing ends (abi/task/hung_task.cpp). They report in the log and change nothing.
#pragma once

#include "base/relaxed.hpp"
#include "base/types.hpp"

namespace faultline {

#ifdef FAULTLINE_DEBUG
inline constexpr bool WATCHDOGS = true;
#else
inline constexpr bool WATCHDOGS = false;
#endif

// In /proc/sys/kernel, and as boot arguments sysctl.kernel.NAME= (Linux: the same). In seconds; 0 turns the watch off.
inline constexpr u32 MAX_HUNG_TASK_TIMEOUT_SECS = 1'000'000;
inline constexpr u32 MAX_WATCHDOG_THRESH = 60;
struct WatchdogConfig {
    Relaxed<u32> hung_task_timeout_secs = 120;
    Relaxed<u32> watchdog_thresh = 10; // a CPU that is stuck for twice as long is reported
};
inline constinit WatchdogConfig watchdog_config;

// One tick on this CPU, `tick_ns` after the one before. Reports a CPU that gave no sign of life
// (kernel/sched/watchdog.hpp) for so many ticks that they make up the time. Ticks are counted, not time: a CPU that its
// host does not run has none. In interrupt context.
void watchdog_tick(u64 tick_ns);

} // namespace faultline
