// Permission to change how a task is scheduled (setpriority(2), sched(7), RLIMIT_NICE of getrlimit(2)). Callers hold
// the kernel lock.
#pragma once

#include <linux/capability.h>
#include <linux/resource.h>

#include "abi/cred/cred.hpp"
#include "abi/task/thread_group.hpp"

namespace faultline {

// Whether RLIMIT_NICE of the task's process allows the value `nice` without a capability. The limit counts from 1 (nice
// 19) to 40 (nice -20). (Linux: the same name.)
inline bool is_nice_reduction(const Task& task, s32 nice) {
    return static_cast<u64>(20 - nice) <= task.group->limits[RLIMIT_NICE].soft;
}

// Whether current may lower the task's nice value to `nice`. (Linux: the same name.)
inline bool can_nice(const Task& task, s32 nice) { return is_nice_reduction(task, nice) || capable(CAP_SYS_NICE); }

// Whether current may change how `task` is scheduled: its effective user id is the real or effective one of the task,
// or it has CAP_SYS_NICE. (Linux: check_same_owner.)
inline bool may_schedule(const Task& task) {
    const Cred& own = current_cred();
    const Cred& target = *task.cred;
    return own.euid == target.euid || own.euid == target.uid || capable(CAP_SYS_NICE);
}

} // namespace faultline
