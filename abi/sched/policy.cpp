// Reads and sets the scheduling policy of a task. (Linux kernel/sched/core.c.)
#include "abi/sched/policy.hpp"

#include <linux/sched.h>

#include <algorithm>
#include <cstddef>

#include "abi/arguments/timespec.hpp"
#include "abi/cred/cred.hpp"
#include "abi/sched/permission.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/thread_group.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/futex/pi.hpp"
#include "kernel/sched/policy.hpp"

namespace faultline {

namespace {

// struct sched_attr of linux/sched/types.h. That header cannot be included together with the C library's.
struct SchedAttr {
    u32 size;
    u32 policy;
    u64 flags;
    s32 nice;
    u32 priority;
    u64 runtime, deadline, period; // SCHED_DEADLINE
    u32 util_min, util_max;
};
constexpr u32 SIZE_VER0 = 48;
static_assert(sizeof(SchedAttr) == 56);

constexpr u64 FLAGS_KNOWN = SCHED_FLAG_ALL;
constexpr s32 KEEP_POLICY = -1; // Linux: SETPARAM_POLICY

// The wanted policy and parameters of a task.
struct Change {
    s32 policy = KEEP_POLICY;
    s32 priority = 0;
    s32 nice = 0;
    bool reset_on_fork = false; // not used with KEEP_POLICY
};

// Whether current needs CAP_SYS_NICE for this. (Linux: user_check_sched_setscheduler.)
bool needs_privilege(const Task& task, const Change& change) {
    if (normal_policy(change.policy) && change.nice < task.nice && !is_nice_reduction(task, change.nice))
        return true;
    if (rt_policy(change.policy)) {
        const u64 limit = task.group->limits[RLIMIT_RTPRIO].soft;
        if (change.policy != task.policy && limit == 0)
            return true;
        if (change.priority > task.rt_priority && static_cast<u64>(change.priority) > limit)
            return true;
    }
    if (task.policy == SCHED_IDLE && change.policy != SCHED_IDLE && !is_nice_reduction(task, task.nice))
        return true;
    return !may_schedule(task) || (task.sched_reset_on_fork && !change.reset_on_fork);
}

// Applies `change` to the task. INVAL: no such policy (SCHED_DEADLINE is not supported), or a priority outside the
// policy's range. PERM. (Linux: __sched_setscheduler.)
Result<u32> set_scheduler(Task& task, Change change) {
    if (change.policy == KEEP_POLICY) {
        change.policy = task.policy;
        change.reset_on_fork = task.sched_reset_on_fork;
    }
    if (!rt_policy(change.policy) && !normal_policy(change.policy))
        return Err(Errno::INVAL);
    if (change.priority < 0 || change.priority > MAX_RT_PRIORITY || rt_policy(change.policy) != (change.priority != 0))
        return Err(Errno::INVAL);
    if (needs_privilege(task, change) && !capable(CAP_SYS_NICE))
        return Err(Errno::PERM);
    task.sched_reset_on_fork = change.reset_on_fork;
    const bool same = change.policy == task.policy && change.priority == task.rt_priority &&
                      (rt_policy(task.policy) || change.nice == task.nice);
    if (same)
        return 0u; // and the task keeps its place in the run queue
    set_policy(task, change.policy, change.priority, rt_policy(change.policy) ? task.nice : change.nice);
    rt_mutex_adjust_pi(task);
    return 0u;
}

Result<u32> do_sched_setscheduler(s32 pid, s32 policy, UserAddr parameter) {
    if (parameter.value() == 0 || pid < 0)
        return Err(Errno::INVAL);
    const s32 priority = static_cast<s32>(TRY(get_user_u32(parameter)));
    Task* task = TRY(task_or_current(pid));
    const bool keep = policy == KEEP_POLICY;
    return set_scheduler(*task, {.policy = keep ? policy : policy & ~SCHED_RESET_ON_FORK,
                                 .priority = priority,
                                 .nice = task->nice,
                                 .reset_on_fork = (policy & SCHED_RESET_ON_FORK) != 0});
}

// Reads a program's struct sched_attr. An older structure is shorter, and the missing part is zero. The part of a newer
// one that this kernel does not know must be zero. TOOBIG: it is not, or the size is out of range; the kernel's size is
// then written to the structure. FAULT. (Linux: sched_copy_attr.)
Result<SchedAttr> copy_sched_attr(UserAddr from) {
    SchedAttr attr{};
    u32 size = TRY(get_user_u32(from));
    if (size == 0)
        size = SIZE_VER0;
    bool fits = size >= SIZE_VER0 && size <= PAGE_SIZE;
    for (u32 at = sizeof attr; fits && at < size; ++at)
        fits = TRY(get_user_u8(from + at)) == 0;
    if (!fits) {
        TRY_VOID(put_user_u32(from + offsetof(SchedAttr, size), sizeof attr));
        return Err(Errno::TOOBIG);
    }
    TRY_VOID(copy_struct_from_user(&attr, from, std::min(size, u32{sizeof attr})));
    attr.nice = std::clamp(attr.nice, MIN_NICE, MAX_NICE);
    return attr;
}

template <class Timespec>
Result<u32> rr_get_interval(s32 pid, UserAddr interval) {
    if (pid < 0)
        return Err(Errno::INVAL);
    const u64 slice = sched_slice(*TRY(task_or_current(pid)));
    TRY_VOID(put_timespec<Timespec>(interval, slice == NO_DEADLINE ? 0 : slice));
    return 0u;
}

} // namespace

u32 sys_sched_yield() {
    yield();
    return 0;
}

Result<u32> sys_sched_setscheduler(s32 pid, s32 policy, UserAddr parameter) {
    if (policy < 0)
        return Err(Errno::INVAL);
    return do_sched_setscheduler(pid, policy, parameter);
}

Result<u32> sys_sched_setparam(s32 pid, UserAddr parameter) {
    return do_sched_setscheduler(pid, KEEP_POLICY, parameter);
}

Result<u32> sys_sched_getscheduler(s32 pid) {
    if (pid < 0)
        return Err(Errno::INVAL);
    const Task* task = TRY(task_or_current(pid));
    const u32 reset = task->sched_reset_on_fork ? SCHED_RESET_ON_FORK : 0;
    return static_cast<u32>(task->policy) | reset;
}

Result<u32> sys_sched_getparam(s32 pid, UserAddr parameter) {
    if (parameter.value() == 0 || pid < 0)
        return Err(Errno::INVAL);
    const s32 priority = TRY(task_or_current(pid))->rt_priority;
    TRY_VOID(put_user_u32(parameter, static_cast<u32>(priority)));
    return 0u;
}

Result<u32> sys_sched_setattr(s32 pid, UserAddr attribute, u32 flags) {
    if (attribute.value() == 0 || pid < 0 || flags != 0)
        return Err(Errno::INVAL);
    const SchedAttr attr = TRY(copy_sched_attr(attribute));
    if (static_cast<s32>(attr.policy) < 0)
        return Err(Errno::INVAL);
    Task* task = TRY(task_or_current(pid));
    if ((attr.flags & ~FLAGS_KNOWN) != 0)
        return Err(Errno::INVAL);
    if ((attr.flags & SCHED_FLAG_UTIL_CLAMP) != 0)
        return Err(Errno::OPNOTSUPP); // as Linux without CONFIG_UCLAMP_TASK
    const bool keep_policy = (attr.flags & SCHED_FLAG_KEEP_POLICY) != 0;
    const bool keep_params = (attr.flags & SCHED_FLAG_KEEP_PARAMS) != 0;
    return set_scheduler(*task, {.policy = keep_policy ? KEEP_POLICY : static_cast<s32>(attr.policy),
                                 .priority = keep_params ? task->rt_priority : static_cast<s32>(attr.priority),
                                 .nice = keep_params ? task->nice : attr.nice,
                                 .reset_on_fork = (attr.flags & SCHED_FLAG_RESET_ON_FORK) != 0});
}

Result<u32> sys_sched_getattr(s32 pid, UserAddr attribute, u32 size, u32 flags) {
    if (attribute.value() == 0 || pid < 0 || size > PAGE_SIZE || size < SIZE_VER0 || flags != 0)
        return Err(Errno::INVAL);
    const Task* task = TRY(task_or_current(pid));
    SchedAttr attr{};
    attr.size = std::min(size, u32{sizeof attr});
    attr.policy = static_cast<u32>(task->policy);
    attr.flags = task->sched_reset_on_fork ? SCHED_FLAG_RESET_ON_FORK : 0;
    attr.nice = rt_policy(task->policy) ? 0 : task->nice;
    attr.priority = static_cast<u32>(task->rt_priority);
    TRY_VOID(copy_struct_to_user(attribute, &attr, attr.size));
    return 0u;
}

Result<u32> sys_sched_get_priority_max(s32 policy) {
    if (!rt_policy(policy) && !normal_policy(policy) && policy != SCHED_DEADLINE)
        return Err(Errno::INVAL);
    return rt_policy(policy) ? static_cast<u32>(MAX_RT_PRIORITY) : 0u;
}

Result<u32> sys_sched_get_priority_min(s32 policy) {
    if (!rt_policy(policy) && !normal_policy(policy) && policy != SCHED_DEADLINE)
        return Err(Errno::INVAL);
    return rt_policy(policy) ? 1u : 0u;
}

Result<u32> sys_sched_rr_get_interval(s32 pid, UserAddr interval) { return rr_get_interval<Timespec32>(pid, interval); }
Result<u32> sys_sched_rr_get_interval_time64(s32 pid, UserAddr interval) {
    return rr_get_interval<Timespec64>(pid, interval);
}

} // namespace faultline
