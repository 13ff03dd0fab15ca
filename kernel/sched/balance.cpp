// Who runs where. A task that becomes runnable goes to an idle CPU if it may; work that waits is fetched by a CPU that
// has nothing as urgent to do, by itself when it is about to choose, or because it was told that there is such work.
#include <algorithm>
#include <bit>

#include <arch/smp.hpp>

#include "arch/contract/upcalls.hpp"
#include "kernel/sched/run_queue.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

u32 this_cpu() { return machine::this_cpu().value(); }

template <class Visitor>
void for_each_cpu(u32 cpus, Visitor&& visit) {
    for (; cpus != 0; cpus &= cpus - 1)
        visit(rq_of(static_cast<u32>(std::countr_zero(cpus))));
}

bool has_nothing_to_do(const RunQueue& rq) {
    return rq.running_level == RunQueue::IDLE_LEVEL && rq.queued_level == RunQueue::IDLE_LEVEL;
}

// Of `cpus`, which are not none, the one whose running task is the least urgent; `preferred` if it is one of several.
RunQueue& least_urgent(u32 cpus, u32 preferred) {
    RunQueue* best = nullptr;
    for_each_cpu(cpus, [&](RunQueue& rq) {
        if (best == nullptr || rq.running_level > best->running_level ||
            (rq.cpu == preferred && rq.running_level == best->running_level))
            best = &rq;
    });
    return *best;
}

// Whom a CPU may take from another's queue: the most urgent that may run there and that no CPU stands on.
Task* find_movable(RunQueue& from, u32 to, u32 below_level) {
    return from.tasks.find(below_level, [&](const Task& task) {
        return may_run_on(task, to) && !task.on_cpu.load(std::memory_order_acquire);
    });
}

void move_queued(RunQueue& from, RunQueue& to, Task& task) {
    from.remove(task);
    task.cpu = to.cpu;
    enqueue(to, task, PrioArray::Where::Back);
}

} // namespace

void resched_cpu(u32 cpu) {
    if (cpu != this_cpu())
        smp_send_reschedule(CpuId(static_cast<u8>(cpu)));
    else
        scheduler_ipi();
}

void enqueue(RunQueue& rq, Task& task, PrioArray::Where where) {
    const u32 level = PrioArray::level_of(task);
    const bool first_equal = level == rq.running_level && !rq.tasks.has(level);
    rq.add(task, where);
    const bool here = rq.cpu == this_cpu();
    if (level < rq.running_level) {
        if (!here)
            smp_send_reschedule(CpuId(static_cast<u8>(rq.cpu)));
        else if (rq.running != rq.idle) // which looks by itself
            rq.running->need_resched = true;
    } else if (first_equal) {
        if (here)
            want_slice_end(rq);
        else
            smp_send_reschedule(CpuId(static_cast<u8>(rq.cpu)));
    }
}

u32 select_cpu(const Task& task) {
    const u32 known = task.cpu;
    const u32 online = online_cpus;
    const u32 allowed = task.cpus_allowed & online;
    const bool known_allowed = (allowed & cpu_bit(known)) != 0;
    if (known_allowed && (allowed == cpu_bit(known) || has_nothing_to_do(rq_of(known))))
        return known;
    u32 idle = 0;
    for_each_cpu(allowed, [&](const RunQueue& rq) { idle |= has_nothing_to_do(rq) ? cpu_bit(rq.cpu) : 0; });
    if (idle != 0)
        return static_cast<u32>(std::countr_zero(idle));
    const u32 level = PrioArray::level_of(task);
    const RunQueue& victim = least_urgent(allowed, known);
    const bool victim_is_better = victim.running_level > level || rq_of(known).running_level < level;
    return known_allowed && !victim_is_better ? known : victim.cpu;
}

void offer(const Task& task) {
    const u32 others = online_cpus & task.cpus_allowed & ~cpu_bit(task.cpu);
    if (others == 0)
        return;
    std::atomic_thread_fence(std::memory_order_seq_cst); // in the queue before the question who is idle
    const u32 level = PrioArray::level_of(task);
    if (task.on_rq != OnRq::Queued || level < rq_of(task.cpu).running_level)
        return; // it will run where it is
    const RunQueue& rq = least_urgent(others, task.cpu);
    if (level < rq.running_level)
        resched_cpu(rq.cpu);
}

u32 most_urgent_elsewhere(const RunQueue& rq) {
    u32 level = RunQueue::IDLE_LEVEL;
    for_each_cpu(online_cpus & ~cpu_bit(rq.cpu),
                 [&](const RunQueue& other) { level = std::min<u32>(level, other.queued_level); });
    return level;
}

bool more_urgent_elsewhere(const RunQueue& rq) { return most_urgent_elsewhere(rq) < rq.queued_level; }

void pull_more_urgent(RunQueue& rq) {
    for_each_cpu(online_cpus & ~cpu_bit(rq.cpu), [&](RunQueue& other) {
        if (other.queued_level >= rq.queued_level)
            return;
        const TwoLocked locked(rq, other);
        if (Task* task = find_movable(other, rq.cpu, rq.queued_level))
            move_queued(other, rq, *task);
    });
}

void move_to_allowed_cpu(Task& task) {
    while (true) {
        RunQueue& from = rq_of(task.cpu);
        RunQueue& to = rq_of(select_cpu(task));
        const TwoLocked locked(from, to);
        if (task.cpu != from.cpu || !may_run_on(task, to.cpu))
            continue; // it has moved, or the rules have changed
        const bool queued = task.on_rq == OnRq::Queued;
        const bool between_queues =
            task.on_rq == OnRq::Running && !task.on_cpu.load(std::memory_order_acquire);
        if (queued && !may_run_on(task, from.cpu))
            from.remove(task);
        else if (!between_queues)
            return; // it sleeps, waits where it may, or runs, and moves when its CPU leaves it
        task.cpu = to.cpu;
        enqueue(to, task, PrioArray::Where::Back);
        return;
    }
}

} // namespace faultline
