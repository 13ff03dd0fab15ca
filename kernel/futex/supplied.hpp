// What the futexes ask of a room that the host tests do not compile: found by the linker, there in the
// harness (as is realtime_to_monotonic of abi/time/time.hpp).
#pragma once

#include "base/spinlock.hpp"

namespace faultline {

struct Task;

// Threads come into the table of ids, and leave it before they are freed, with this held. Inside a futex bucket's lock.
// (abi/task/pid.cpp; Linux: the same name, and RCU.)
extern SpinLock tasklist_lock;

// The thread with this id, zombies included; nullptr: there is none. Valid as long as the caller holds tasklist_lock.
// (abi/task)
Task* find_task_by_vpid(s32 pid) REQUIRES(tasklist_lock);

} // namespace faultline
