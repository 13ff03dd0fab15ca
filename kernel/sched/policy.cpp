// Setting a task's scheduling policy, and what a new task inherits.
#include "kernel/sched/policy.hpp"

#include <algorithm>

namespace faultline {

void set_policy(Task& task, s32 policy, s32 rt_priority, s32 nice) {
    task.policy = policy;
    task.rt_priority = rt_priority;
    task.nice = nice;
    task.normal_prio = rt_policy(policy) ? MAX_RT_PRIORITY - rt_priority : DEFAULT_PRIO + nice;
}

void sched_fork(Task& child, const Task& parent) {
    if (!parent.sched_reset_on_fork)
        set_policy(child, parent.policy, parent.rt_priority, parent.nice);
    else if (rt_policy(parent.policy))
        set_policy(child, SCHED_NORMAL, 0, 0);
    else
        set_policy(child, parent.policy, 0, std::max(parent.nice, 0));
    child.prio = child.normal_prio;
    child.cpus_allowed = parent.cpus_allowed;
    child.cpu = u32{parent.cpu};
    child.ran_on = child.cpu;
}

} // namespace faultline
