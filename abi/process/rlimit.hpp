// The system calls that read and set resource limits (getrlimit(2)). Their data structure is in abi/task/rlimit.hpp.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

struct ThreadGroup; // abi/task/thread_group.hpp

void init_limits(ThreadGroup& group); // sets the limits of process 1, which all processes inherit

// System calls; abi/syscall/table.cpp states the rules for all of them. INVAL: no such limit, or soft above hard. PERM:
// a hard limit is raised without CAP_SYS_RESOURCE, or another user's process. SRCH; FAULT.
Result<u32> sys_getrlimit(u32 resource, UserAddr limit);
Result<u32> sys_setrlimit(u32 resource, UserAddr limit);
Result<u32> sys_prlimit64(s32 pid, u32 resource, UserAddr new_limit, UserAddr old_limit);

} // namespace faultline
