// The system calls about the CPUs on which a task may run, and the CPU on which it runs (sched_setaffinity(2),
// getcpu(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them. `mask` is `bytes` long. INVAL: no online CPU is
// in the mask, or a bad length. SRCH: no such thread. PERM: may_schedule() is false. FAULT.
Result<u32> sys_sched_setaffinity(s32 pid, u32 bytes, UserAddr mask);
Result<u32> sys_sched_getaffinity(s32 pid, u32 bytes, UserAddr mask);
Result<u32> sys_getcpu(UserAddr cpu, UserAddr node);

} // namespace faultline
