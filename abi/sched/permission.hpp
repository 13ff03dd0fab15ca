// Who may change how a task is scheduled (setpriority(2), sched(7), RLIMIT_NICE of getrlimit(2)).
#pragma once

#include <linux/capability.h>
#include <linux/resource.h>

#include "abi/cred/cred.hpp"
#include "abi/task/thread_group.hpp"

namespace faultline {

// Whether `nice` is not below what the task's limit allows to everybody; the limit counts from 1 (nice 19) to
// 40 (nice -20).
inline bool is_nice_reduction(const Task& task, s32 nice) {
    return static_cast<u64>(20 - nice) <= task.group->limits[RLIMIT_NICE].soft;
}

// Whether current may make the task that nice, which is less nice than it was.
inline bool can_nice(const Task& task, s32 nice) { return is_nice_reduction(task, nice) || capable(CAP_SYS_NICE); }

// Whether current may change how `task` is scheduled at all: its effective user is the target's real or effective one.
inline bool may_schedule(const Task& task) {
    const Cred& own = current_cred();
    const Cred& target = *task.cred;
    return own.euid == target.euid || own.euid == target.uid || capable(CAP_SYS_NICE);
}

} // namespace faultline
