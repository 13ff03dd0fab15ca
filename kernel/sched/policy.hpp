// Scheduling policies and priorities, on Linux's scale: one number, 0 the most urgent, 139 the least. sched(7).
//
//   0 … 98     SCHED_FIFO and SCHED_RR: 99 − rt_priority
//   100 … 139  all others: 120 + nice
#pragma once

#include <linux/sched.h>

#include "kernel/sched/task.hpp"
#include "kernel/sched/timer.hpp"

namespace faultline {

inline constexpr s32 MAX_RT_PRIO = 100;
inline constexpr s32 MIN_NICE = -20, MAX_NICE = 19;
inline constexpr s32 MAX_RT_PRIORITY = 99; // what programs call the most urgent

// How long a task runs while another of the same priority waits for the CPU. SCHED_FIFO knows no such end.
inline constexpr u64 SLICE_NS = 10'000'000;
inline constexpr u64 RR_TIMESLICE_NS = 100'000'000; // Linux: kernel.sched_rr_timeslice_ms

constexpr bool rt_prio(s32 prio) { return prio < MAX_RT_PRIO; }
constexpr bool rt_policy(s32 policy) { return policy == SCHED_FIFO || policy == SCHED_RR; }
constexpr bool normal_policy(s32 policy) { // SCHED_OTHER is what Linux calls SCHED_NORMAL
    return policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

// The slice of the task as it is now; NO_DEADLINE: it runs until it sleeps or yields. A task of another
// policy that was boosted among the real-time ones runs there as SCHED_FIFO does (Linux: task_tick_rt).
inline u64 sched_slice(const Task& task) {
    if (!rt_prio(task.prio))
        return SLICE_NS;
    return task.policy == SCHED_RR ? RR_TIMESLICE_NS : NO_DEADLINE;
}

// Gives the task a policy, valid with this priority, and so a normal_prio; whoever calls this sees to
// Task::prio. (Linux: __setscheduler_params.)
void set_policy(Task& task, s32 policy, s32 rt_priority, s32 nice);

// Policy, priority and CPUs of a new task: the parent's own, or with SCHED_RESET_ON_FORK plain ones where the
// parent's are a privilege. Nobody can see the child yet.
void sched_fork(Task& child, const Task& parent);

} // namespace faultline
