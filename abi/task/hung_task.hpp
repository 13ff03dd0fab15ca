// The debug kernel's watch for tasks that hang: that sleep in TaskState::Uninterruptible for longer than
// /proc/sys/kernel/hung_task_timeout_secs. (Linux: khungtaskd.)
#pragma once

#include "base/types.hpp"

namespace faultline {

// Starts the watch. Once, at boot, after init_pids() and init_scheduler().
void init_hung_task();

// Sets the time, 0 to MAX_HUNG_TASK_TIMEOUT_SECS (kernel/debug/watchdog.hpp); 0 ends the watch. No lock held but the kernel
// lock.
void set_hung_task_timeout(u32 seconds);

} // namespace faultline
