// Scheduling parameters. The scheduler is a round robin without priorities: what may be asked for is checked
// as on Linux and remembered, and changes nothing. sched(7).
#include <linux/sched.h>

#include <algorithm>

#include "arch/contract/uaccess.hpp"
#include "kernel/proc/syscalls.hpp"
#include "kernel/proc/thread_group.hpp"
#include "kernel/proc/time.hpp"

namespace faultline {

namespace {

constexpr s32 REAL_TIME_MIN = 1, REAL_TIME_MAX = 99;

bool is_real_time(s32 policy) { return policy == SCHED_FIFO || policy == SCHED_RR; }
bool is_normal(s32 policy) { return policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE; }

Result<Task*> thread_or_current(s32 pid) {
    if (pid < 0)
        return Err(Errno::INVAL);
    Task* task = pid == 0 ? current() : find_task_by_vpid(pid);
    if (task == nullptr)
        return Err(Errno::SRCH);
    return task;
}

Result<u32> set_policy(Task& task, s32 policy, s32 priority) {
    const s32 plain = policy & ~SCHED_RESET_ON_FORK;
    const bool valid = is_real_time(plain) ? priority >= REAL_TIME_MIN && priority <= REAL_TIME_MAX
                                           : is_normal(plain) && priority == 0;
    if (!valid)
        return Err(Errno::INVAL);
    task.policy = plain;
    task.priority = priority;
    return 0u;
}

} // namespace

u32 sys_sched_yield() {
    schedule();
    return 0;
}

Result<u32> sys_sched_setscheduler(s32 pid, s32 policy, UserAddr parameter) {
    if (policy < 0 || parameter.value() == 0)
        return Err(Errno::INVAL);
    const u32 priority = TRY(get_user_u32(parameter));
    Task* task = TRY(thread_or_current(pid));
    return set_policy(*task, policy, static_cast<s32>(priority));
}

Result<u32> sys_sched_getscheduler(s32 pid) {
    Task* task = TRY(thread_or_current(pid));
    return static_cast<u32>(task->policy);
}

Result<u32> sys_sched_setparam(s32 pid, UserAddr parameter) {
    if (parameter.value() == 0)
        return Err(Errno::INVAL);
    const u32 priority = TRY(get_user_u32(parameter));
    Task* task = TRY(thread_or_current(pid));
    return set_policy(*task, task->policy, static_cast<s32>(priority));
}

Result<u32> sys_sched_getparam(s32 pid, UserAddr parameter) {
    if (parameter.value() == 0)
        return Err(Errno::INVAL);
    Task* task = TRY(thread_or_current(pid));
    TRY_VOID(put_user_u32(parameter, static_cast<u32>(task->priority)));
    return 0u;
}

Result<u32> sys_sched_get_priority_max(s32 policy) {
    if (!is_real_time(policy) && !is_normal(policy) && policy != SCHED_DEADLINE)
        return Err(Errno::INVAL);
    return is_real_time(policy) ? static_cast<u32>(REAL_TIME_MAX) : 0u;
}

Result<u32> sys_sched_get_priority_min(s32 policy) {
    if (!is_real_time(policy) && !is_normal(policy) && policy != SCHED_DEADLINE)
        return Err(Errno::INVAL);
    return is_real_time(policy) ? static_cast<u32>(REAL_TIME_MIN) : 0u;
}

Result<u32> sys_sched_rr_get_interval(s32 pid, UserAddr interval) {
    TRY(thread_or_current(pid));
    TRY_VOID(put_timespec<Timespec32>(interval, SLICE_NS));
    return 0u;
}

Result<u32> sys_sched_rr_get_interval_time64(s32 pid, UserAddr interval) {
    TRY(thread_or_current(pid));
    TRY_VOID(put_timespec<Timespec64>(interval, SLICE_NS));
    return 0u;
}

// One CPU: the only mask that allows a task to run has bit 0.
Result<u32> sys_sched_setaffinity(s32 pid, u32 bytes, UserAddr mask) {
    u32 low = 0;
    TRY_VOID(copy_struct_from_user(&low, mask, std::min(bytes, u32{sizeof low})));
    TRY(thread_or_current(pid));
    if ((low & 1) == 0)
        return Err(Errno::INVAL);
    return 0u;
}

Result<u32> sys_sched_getaffinity(s32 pid, u32 bytes, UserAddr mask) {
    if (bytes < sizeof(u32) || bytes % sizeof(u32) != 0)
        return Err(Errno::INVAL);
    TRY(thread_or_current(pid));
    TRY_VOID(put_user_u32(mask, 1));
    return u32{sizeof(u32)};
}

Result<u32> sys_getcpu(UserAddr cpu, UserAddr node) {
    for (const UserAddr where : {cpu, node})
        if (where.value() != 0)
            TRY_VOID(put_user_u32(where, 0));
    return 0u;
}

// Everybody is as nice as everybody else; the raw call answers 20 − nice.
Result<u32> sys_getpriority(s32 which, s32) {
    constexpr s32 PRIO_USER_WHICH = 2;
    if (which < 0 || which > PRIO_USER_WHICH)
        return Err(Errno::INVAL);
    return 20u;
}

Result<u32> sys_setpriority(s32 which, s32 who, s32) {
    TRY(sys_getpriority(which, who));
    return 0u;
}

} // namespace faultline
