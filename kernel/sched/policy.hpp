// Scheduling policies and priorities. As on Linux a priority is one number, from 0, the most urgent, to 139. sched(7).
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
inline constexpr s32 MAX_RT_PRIORITY = 99; // the most urgent rt_priority that a program can ask for

// How long a task runs, in ns, while another of the same priority waits for the CPU. SCHED_FIFO has no such limit.
inline constexpr u64 SLICE_NS = 10'000'000;
inline constexpr u64 RR_TIMESLICE_NS = 100'000'000; // Linux: kernel.sched_rr_timeslice_ms

// Tasks that are not real-time share a CPU by weight: each step of the nice value is a factor of 1.25, and SCHED_IDLE
// weighs 3 where nice 0 weighs 1024 (Linux: sched_prio_to_weight, WEIGHT_IDLEPRIO). The scheduler needs the reciprocal:
// how fast a task's virtual time runs, in units of that of nice 0.
inline constexpr u32 VIRTUAL_SHIFT = 22, VIRTUAL_UNIT = 1u << VIRTUAL_SHIFT;
static_assert(VIRTUAL_UNIT == NICE_0_VIRTUAL_RATE);
u32 virtual_rate(s32 policy, s32 nice); // nice: MIN_NICE … MAX_NICE

// `ran_ns` of the CPU in the virtual time of `task`.
inline u64 virtual_time(const Task& task, u64 ran_ns) {
    if (task.virtual_rate == VIRTUAL_UNIT) [[likely]]
        return ran_ns;
    const u32 ran = ran_ns < ~u32{0} ? static_cast<u32>(ran_ns) : ~u32{0};
    return u64{ran} * task.virtual_rate >> VIRTUAL_SHIFT;
}

constexpr bool rt_prio(s32 prio) { return prio < MAX_RT_PRIO; }
constexpr bool rt_policy(s32 policy) { return policy == SCHED_FIFO || policy == SCHED_RR; }
constexpr bool normal_policy(s32 policy) { // SCHED_NORMAL is Linux's name for SCHED_OTHER
    return policy == SCHED_NORMAL || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

// The slice of a task that weighs less than nice 0. It is shorter in proportion to the weight, so the task waits no
// longer for its next turn than one of nice 0; but it is at least a millisecond.
u64 light_slice(u32 virtual_rate);

// The task's slice in ns, at its present priority. NO_DEADLINE: it runs until it sleeps or yields. A task that priority
// inheritance has made real-time, though its policy is not, runs as under SCHED_FIFO (Linux: task_tick_rt).
inline u64 sched_slice(const Task& task) {
    if (!rt_prio(task.prio))
        return task.virtual_rate <= VIRTUAL_UNIT ? SLICE_NS : light_slice(task.virtual_rate);
    return task.policy == SCHED_RR ? RR_TIMESLICE_NS : NO_DEADLINE;
}

// Sets a task's policy, rt_priority and nice value, and computes normal_prio and virtual_rate. The caller has checked
// that the three fit together (sched_setscheduler(2)), and updates Task::prio afterwards. (Linux:
// __setscheduler_params.)
void set_policy(Task& task, s32 policy, s32 rt_priority, s32 nice);

// Gives a new task the policy, priority and CPUs of its parent. With SCHED_RESET_ON_FORK a real-time policy becomes
// SCHED_NORMAL and a negative nice value becomes 0. No other CPU can see the child yet. (Linux: the same name.)
void sched_fork(Task& child, const Task& parent);

} // namespace faultline
