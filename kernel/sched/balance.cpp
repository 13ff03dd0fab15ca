// Which CPU runs which task.
//
// A task that becomes runnable goes to an idle CPU, if there is one that it may run on. A CPU also fetches waiting
// tasks that are more urgent than its own. It looks for them before it chooses its next task, and when another CPU
// tells it to.
//
// On one CPU, tasks that are not real-time take turns in the order of their vruntime, in which nice values weigh.
// Between CPUs nice values do not weigh. When a turn is over, a CPU takes the first task of a longer queue, if that
// task may run here and has waited longer than the first one here. So n tasks of equal weight on m CPUs get m/n each.
// From a queue that is not longer it takes a task only if that has waited two turns more. Equally urgent real-time
// tasks stay on their CPU, as on Linux. (Linux balances load from its tick instead: rebalance_domains, load_balance.)
//
// For this to work, a turn must end in time if an equal task waits. No tick is needed while none waits. A turn gets an
// end if an equal waits, on this CPU or on another, when the turn begins. If an equal starts to wait later, offer()
// tells the CPUs whose turn has no end. Neither side can miss the other: a CPU clears `turn_ends` before it looks for
// waiting tasks, and a task is in its queue before offer() reads `turn_ends`.
#include <algorithm>

#include <arch/smp.hpp>

#include "arch/contract/upcalls.hpp"
#include "base/concurrency.hpp"
#include "kernel/sched/run_queue.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

bool has_nothing_to_do(const RunQueue& rq) {
    return rq.running_level == RunQueue::IDLE_LEVEL && rq.queued_level == RunQueue::IDLE_LEVEL;
}

// Returns the CPU of `cpus`, which is not empty, that runs the least urgent task. Prefers `preferred` among equals.
RunQueue& least_urgent(CpuMask cpus, u32 preferred) {
    RunQueue* best = nullptr;
    for (const u32 cpu : cpus) {
        RunQueue& rq = rq_of(cpu);
        if (best == nullptr || rq.running_level > best->running_level ||
            (cpu == preferred && rq.running_level == best->running_level))
            best = &rq;
    }
    return *best;
}

// Finds a task that CPU `to` may take from another CPU's queue: the first of the level that may run there and whose
// kernel stack is not in use on any CPU.
Task* find_movable(RunQueue& from, u32 to, u32 level) REQUIRES(from.lock) {
    return from.tasks.find_in(
        level, [&](const Task& task) { return may_run_on(task, to) && !task.on_cpu.load(std::memory_order_acquire); });
}
Task* find_more_urgent(RunQueue& from, const RunQueue& to) REQUIRES(from.lock) {
    const u32 most = to.rt_throttled ? std::max(u32{from.queued_level}, PrioArray::NORMAL) : u32{from.queued_level};
    for (u32 level = most; level < to.queued_level; ++level)
        if (Task* task = find_movable(from, to.cpu, level))
            return task;
    return nullptr;
}

// Moves `task` to the queue of this CPU, which is about to choose its next task. Its vruntime keeps its distance from
// min_vruntime, which differs from queue to queue.
void pull_task(RunQueue& from, RunQueue& to, Task& task, PrioArray::Where where) REQUIRES(from.lock, to.lock) {
    from.remove(task);
    task.vruntime += to.min_vruntime - from.min_vruntime;
    limit_credit(to, task);
    task.cpu = to.cpu;
    to.add(task, where);
}

// The CPUs of `cpus` that would run a task of this level now: a throttled one runs no real-time task.
CpuMask without_throttled(CpuMask cpus, u32 level) {
    CpuMask left = cpus;
    if (level < PrioArray::NORMAL)
        for (const u32 cpu : cpus)
            if (rq_of(cpu).rt_throttled)
                left = left - CpuMask::of(cpu);
    return left;
}

bool takes_turns(u32 level) { return level == PrioArray::NORMAL; }

// Locks both queues if both locks are free. It never holds one lock and waits for the other: CPUs that look for each
// other's tasks would then hold each other up.
bool try_lock_both(RunQueue& one, RunQueue& other) TRY_ACQUIRE(true, one.lock, other.lock) {
    if (!one.lock.try_lock())
        return false;
    if (other.lock.try_lock())
        return true;
    one.lock.unlock();
    return false;
}

void unlock_both(RunQueue& one, RunQueue& other) RELEASE(one.lock, other.lock) {
    other.lock.unlock();
    one.lock.unlock();
}

// How often to try for both locks. A run queue's lock is free again sooner, unless its holder's CPU does not run (under
// an emulator). The next look will then do.
constexpr u32 PATIENCE = 100;

bool try_patiently_to_lock_both(RunQueue& one, RunQueue& other) TRY_ACQUIRE(true, one.lock, other.lock) {
    for (u32 turns = PATIENCE; !try_lock_both(one, other); --turns) {
        if (turns == 0)
            return false;
        relax_cpu();
    }
    return true;
}

// Takes a task of `other` that has waited longer than the first one here. A task here that was interrupted in its turn
// goes on first.
void pull_if_longer_waiting(RunQueue& other, RunQueue& rq, u64 now) REQUIRES(other.lock, rq.lock) {
    if (!takes_turns(rq.queued_level))
        return;
    const Task& ours = rq.tasks.front(PrioArray::NORMAL);
    if (ours.slice_used_ns != 0)
        return;
    rq.looked_ns = now;
    Task* theirs = find_movable(other, rq.cpu, PrioArray::NORMAL);
    if (theirs == nullptr)
        return;
    // Between queues of the same length a move does not make turns more equal: it only takes time from tasks that
    // cannot move. But no task waits for much longer than others.
    const bool busier = other.queued + (other.running_level != RunQueue::IDLE_LEVEL ? 1 : 0) > rq.queued;
    if (theirs->waits_since_ns + (busier ? 0 : 2 * SLICE_NS) >= ours.waits_since_ns)
        return;
    const u64 first = ours.vruntime + other.min_vruntime - rq.min_vruntime; // on their scale
    theirs->vruntime = std::min(theirs->vruntime, first);
    pull_task(other, rq, *theirs, PrioArray::Where::Front);
}

void pull_longer_waiting(RunQueue& rq, u64 now) {
    for (const u32 cpu : other_cpus(rq.cpu)) {
        RunQueue& other = rq_of(cpu);
        if (other.queued_level > PrioArray::NORMAL || !try_patiently_to_lock_both(rq, other))
            continue;
        pull_if_longer_waiting(other, rq, now);
        unlock_both(rq, other);
    }
}

// One look per slice is enough, because a waiting task usually waits that long. If tasks end their turns early by
// sleeping, looking at each switch would cost more than it gains.
bool time_to_look(const RunQueue& rq, u64 now) {
    return takes_turns(rq.queued_level) && now - rq.looked_ns >= SLICE_NS;
}

// Whether the task whose turn it is may wait in another queue.
bool next_may_be_elsewhere(const RunQueue& rq, u64 now) {
    const u32 level = most_urgent_elsewhere(rq);
    return level < rq.queued_level || (takes_turns(level) && time_to_look(rq, now));
}

} // namespace

void resched_cpu(u32 cpu) {
    if (cpu != smp_processor_id())
        smp_send_reschedule(CpuId(static_cast<u8>(cpu)));
    else
        scheduler_ipi();
}

u32 select_cpu(const Task& task) {
    const u32 known = task.cpu;
    CpuMask allowed = task.cpus_allowed & online_cpus;
    if (const CpuMask unthrottled = without_throttled(allowed, PrioArray::level_of(task)); !unthrottled.empty())
        allowed = unthrottled;
    const bool known_allowed = allowed.has(known);
    if (known_allowed && (allowed == CpuMask::of(known) || has_nothing_to_do(rq_of(known))))
        return known;
    for (const u32 cpu : allowed)
        if (has_nothing_to_do(rq_of(cpu)))
            return cpu;
    const u32 level = PrioArray::level_of(task);
    const RunQueue& victim = least_urgent(allowed, known);
    const bool victim_is_better = victim.running_level > level || rq_of(known).running_level < level;
    return known_allowed && !victim_is_better ? known : victim.cpu;
}

void offer(const Waiting& task) {
    const CpuMask others = without_throttled(other_cpus(task.cpu) & task.cpus_allowed, task.level);
    if (others.empty())
        return;
    std::atomic_thread_fence(std::memory_order_seq_cst); // the task is in the queue before this looks for idle CPUs
    if (task.level < rq_of(task.cpu).running_level)
        return; // it will run where it is queued
    if (const RunQueue& rq = least_urgent(others, task.cpu); task.level < rq.running_level)
        resched_cpu(rq.cpu);
    else if (takes_turns(task.level))
        for (const u32 cpu : others)
            if (const RunQueue& equal = rq_of(cpu); equal.running_level == task.level && !equal.turn_ends)
                resched_cpu(cpu);
}

u32 most_urgent_elsewhere(const RunQueue& rq) {
    u32 level = RunQueue::IDLE_LEVEL;
    for (const u32 cpu : other_cpus(rq.cpu))
        level = std::min<u32>(level, rq_of(cpu).queued_level);
    return level;
}

bool equal_may_wait_elsewhere(RunQueue& rq) {
    if (!takes_turns(rq.running_level))
        return false;
    rq.turn_ends = false;
    std::atomic_thread_fence(std::memory_order_seq_cst); // before the look for waiting tasks
    return most_urgent_elsewhere(rq) <= rq.running_level;
}

void pull_more_urgent(RunQueue& rq) {
    for (const u32 cpu : other_cpus(rq.cpu)) {
        RunQueue& other = rq_of(cpu);
        // All CPUs that have nothing to do see the same work. A CPU that queued for the lock would usually get it after
        // the work is gone, and would meanwhile hold up the CPU that owns the queue. So it only tries.
        spin_until([&] {
            if (other.queued_level >= rq.queued_level)
                return true;
            if (!try_lock_both(rq, other))
                return false;
            if (Task* task = find_more_urgent(other, rq))
                pull_task(other, rq, *task, PrioArray::Where::Back);
            unlock_both(rq, other);
            return true;
        });
    }
}

void pull(RunQueue& rq, u64 now) {
    if (!next_may_be_elsewhere(rq, now))
        return;
    rq.lock.unlock();
    pull_more_urgent(rq);
    if (time_to_look(rq, now))
        pull_longer_waiting(rq, now);
    rq.lock.lock();
}

void move_to_allowed_cpu(Task& task) {
    while (true) {
        RunQueue& from = rq_of(task.cpu);
        RunQueue& to = rq_of(select_cpu(task));
        const BothLocked locked(from.lock, to.lock);
        if (task.cpu != from.cpu || !may_run_on(task, to.cpu))
            continue; // the task has moved, or cpus_allowed has changed
        if (task.on_rq != OnRq::Running || task.on_cpu.load(std::memory_order_acquire))
            return; // another CPU has queued or taken it already
        task.cpu = to.cpu;
        start_level(to, task);
        enqueue(to, task, PrioArray::Where::Back);
        return;
    }
}

} // namespace faultline
