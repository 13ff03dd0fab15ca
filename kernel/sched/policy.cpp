// Setting a task's scheduling policy, and what a new task inherits.
#include "kernel/sched/policy.hpp"

#include <algorithm>
#include <array>

namespace faultline {

namespace {

constexpr u32 NICE_VALUES = MAX_NICE - MIN_NICE + 1;

consteval u32 rounded(double value) {
    const auto whole = static_cast<u32>(value);
    return value - whole < 0.5 ? whole : whole + 1;
}

consteval std::array<u32, NICE_VALUES> rates() {
    std::array<u32, NICE_VALUES> result{};
    double rate = VIRTUAL_UNIT;
    for (s32 nice = 0; nice <= MAX_NICE; ++nice, rate *= 1.25)
        result[static_cast<u32>(nice - MIN_NICE)] = rounded(rate);
    rate = VIRTUAL_UNIT;
    for (s32 nice = 0; nice >= MIN_NICE; --nice, rate /= 1.25)
        result[static_cast<u32>(nice - MIN_NICE)] = rounded(rate);
    return result;
}

constexpr std::array<u32, NICE_VALUES> RATES = rates();

} // namespace

u32 virtual_rate(s32 policy, s32 nice) {
    if (policy == SCHED_IDLE)
        return VIRTUAL_UNIT / 3 * 1024;
    return RATES[static_cast<u32>(nice - MIN_NICE)];
}

u64 light_slice(u32 rate) {
    constexpr u64 SHORTEST_NS = 1'000'000;
    return std::max(SHORTEST_NS, SLICE_NS * VIRTUAL_UNIT / rate);
}

void set_policy(Task& task, s32 policy, s32 rt_priority, s32 nice) {
    task.virtual_rate = virtual_rate(policy, nice);
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
    child.vruntime = parent.vruntime; // no new start by fork
    child.cpus_allowed = parent.cpus_allowed;
    child.cpu = u32{parent.cpu};
    child.ran_on = child.cpu;
}

} // namespace faultline
