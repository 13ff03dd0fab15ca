// The system calls about scheduling policies (sched(7), sched_setscheduler(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them. A pid of 0 is the caller. INVAL: pid < 0, a
// null address, no such policy, or a priority outside its range. SRCH: no such thread. PERM: the change needs
// CAP_SYS_NICE. FAULT. sys_sched_setattr: TOOBIG (copy_sched_attr()), OPNOTSUPP (utilization clamps).
u32 sys_sched_yield();
Result<u32> sys_sched_setscheduler(s32 pid, s32 policy, UserAddr parameter);
Result<u32> sys_sched_getscheduler(s32 pid);
Result<u32> sys_sched_setparam(s32 pid, UserAddr parameter);
Result<u32> sys_sched_getparam(s32 pid, UserAddr parameter);
Result<u32> sys_sched_setattr(s32 pid, UserAddr attribute, u32 flags);
Result<u32> sys_sched_getattr(s32 pid, UserAddr attribute, u32 size, u32 flags);
Result<u32> sys_sched_get_priority_max(s32 policy);
Result<u32> sys_sched_get_priority_min(s32 policy);
Result<u32> sys_sched_rr_get_interval(s32 pid, UserAddr interval);
Result<u32> sys_sched_rr_get_interval_time64(s32 pid, UserAddr interval);

} // namespace faultline
