// What the futexes ask of rooms that the host tests do not compile: found by the linker, there in the
// harness.
#pragma once

#include "base/types.hpp"

namespace faultline {

struct Task;

// The thread with this id, zombies included; nullptr: there is none. Valid until the caller sleeps.
// (kernel/proc)
Task* find_task_by_vpid(s32 pid);

// CLOCK_REALTIME. (kernel/fs)
u64 current_time_ns();

} // namespace faultline
