// What the futexes ask of a room that the host tests do not compile: found by the linker, there in the
// harness (as is realtime_to_monotonic of kernel/proc/time.hpp).
#pragma once

#include "base/types.hpp"

namespace faultline {

struct Task;

// The thread with this id, zombies included; nullptr: there is none. Valid until the caller sleeps.
// (kernel/proc)
Task* find_task_by_vpid(s32 pid);

} // namespace faultline
