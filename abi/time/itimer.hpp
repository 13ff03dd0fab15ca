// The interval timers of a process (setitimer(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

struct ThreadGroup; // abi/task/thread_group.hpp

void check_cpu_itimers(ThreadGroup& group); // in the tick's interrupt

// System calls.
Result<u32> sys_setitimer(s32 which, UserAddr value, UserAddr old_value);
Result<u32> sys_getitimer(s32 which, UserAddr value);

} // namespace faultline
