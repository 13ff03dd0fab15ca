// The interval timers of a process (setitimer(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

struct Task;

// Sends the signals of the CPU-time timers of `task`'s process that have expired, first of all to `task`. The tick
// calls it for current; caller holds siglock.
void check_cpu_itimers(Task& task);

// System calls; abi/syscall/table.cpp states the rules for all of them. INVAL: no such timer, or a bad time. FAULT.
Result<u32> sys_setitimer(s32 which, UserAddr value, UserAddr old_value);
Result<u32> sys_getitimer(s32 which, UserAddr value);

} // namespace faultline
