// Reads and sets nice values (getpriority(2), nice(2)), which weigh among the tasks of a CPU that are not real-time.
#include "abi/sched/nice.hpp"

#include <algorithm>

#include "abi/cred/cred.hpp"
#include "abi/sched/permission.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/thread_group.hpp"
#include "kernel/futex/pi.hpp"
#include "kernel/sched/policy.hpp"

namespace faultline {

namespace {

enum Which : s32 { Process, ProcessGroup, User }; // linux/resource.h PRIO_PROCESS, PRIO_PGRP, PRIO_USER

// Whether the arguments `which` and `who` of getpriority(2) select `task`. `who` 0 stands for the caller.
bool is_meant(const Task& task, s32 which, s32 who) {
    switch (which) {
    case Process:
        return task.pid == (who != 0 ? who : current()->pid);
    case ProcessGroup:
        return task.group->pgid == (who != 0 ? who : current_group().pgid);
    default:
        return task.cred->uid == (who != 0 ? static_cast<u32>(who) : current_cred().uid);
    }
}

// Calls visit(task) for all selected tasks. INVAL: no such `which`. SRCH: no task is selected.
template <class Visitor>
Result<void> for_each_meant(s32 which, s32 who, Visitor&& visit) {
    if (which < Process || which > User)
        return Err(Errno::INVAL);
    bool found = false;
    for (Task* task = next_task(1); task != nullptr; task = next_task(task->pid + 1)) {
        if (is_meant(*task, which, who)) {
            found = true;
            visit(*task);
        }
    }
    if (!found)
        return Err(Errno::SRCH);
    return {};
}

// Sets the nice value. (Linux: set_user_nice.)
void set_nice(Task& task, s32 nice) {
    set_policy(task, task.policy, task.rt_priority, nice);
    rt_mutex_adjust_pi(task);
}

// Sets the nice value if current may do so. PERM: may_schedule() is false. ACCES: can_nice() is false. (Linux:
// set_one_prio.)
Result<void> set_one_nice(Task& task, s32 nice) {
    if (!may_schedule(task))
        return Err(Errno::PERM);
    if (nice < task.nice && !can_nice(task, nice))
        return Err(Errno::ACCES);
    set_nice(task, nice);
    return {};
}

} // namespace

// Returns 20 − nice, which is positive, so that a result cannot be taken for an error. Of several tasks, returns the
// highest of these values.
Result<u32> sys_getpriority(s32 which, s32 who) {
    s32 best = 0;
    TRY_VOID(for_each_meant(which, who, [&](const Task& task) { best = std::max(best, 20 - task.nice); }));
    return static_cast<u32>(best);
}

// Sets all selected tasks that current may change. If some are refused, returns the error of the last of them.
Result<u32> sys_setpriority(s32 which, s32 who, s32 nice) {
    const s32 wanted = std::clamp(nice, MIN_NICE, MAX_NICE);
    Result<void> all = {};
    TRY_VOID(for_each_meant(which, who, [&](Task& task) {
        if (const auto one = set_one_nice(task, wanted); !one)
            all = one;
    }));
    TRY_VOID(all);
    return 0u;
}

Result<u32> sys_nice(s32 increment) {
    constexpr s32 WHOLE_RANGE = MAX_NICE - MIN_NICE + 1;
    Task& task = *current();
    const s32 step = std::clamp(increment, -WHOLE_RANGE, WHOLE_RANGE);
    const s32 nice = std::clamp(task.nice + step, MIN_NICE, MAX_NICE);
    if (increment < 0 && !can_nice(task, nice))
        return Err(Errno::PERM);
    set_nice(task, nice);
    return 0u;
}

} // namespace faultline
