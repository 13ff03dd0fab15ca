// Asking for and setting resource limits (getrlimit(2)). abi/task/rlimit.hpp has what one is.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

struct ThreadGroup; // abi/task/thread_group.hpp

void init_limits(ThreadGroup& group); // process 1's, which all inherit

// System calls.
Result<u32> sys_getrlimit(u32 resource, UserAddr limit);
Result<u32> sys_setrlimit(u32 resource, UserAddr limit);
Result<u32> sys_prlimit64(s32 pid, u32 resource, UserAddr new_limit, UserAddr old_limit);

} // namespace faultline
