// On which CPUs a task may run, and where it runs (sched_setaffinity(2), getcpu(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_sched_setaffinity(s32 pid, u32 bytes, UserAddr mask);
Result<u32> sys_sched_getaffinity(s32 pid, u32 bytes, UserAddr mask);
Result<u32> sys_getcpu(UserAddr cpu, UserAddr node);

} // namespace faultline
