// Who runs where. A task that becomes runnable goes to an idle CPU if it may; work that waits is fetched by a CPU that
// has nothing as urgent to do, by itself when it is about to choose, or because it was told that there is such work.
//
// Equals that are not real-time take turns as if they stood in one queue for all CPUs: when a turn is over, the next is
// who has waited longest, wherever he waits, if he may run on the CPU whose turn is over. So n tasks on m CPUs get m/n
// each, whatever queues they began in, and where queues are equally long nobody moves: who is first in one's own has
// then waited longest. Real-time equals stay where they are, as on Linux. (Linux balances loads from its tick instead:
// rebalance_domains, load_balance.)
//
// That needs the turn of every CPU that runs an equal to end in time, and no tick where nobody waits. A turn has an end
// if somebody waits, here or elsewhere, when it begins; whoever begins to wait later tells the CPUs whose turns have none
// (offer). `turn_ends` is cleared before the question who waits, and a waiter is in his queue before he asks for
// `turn_ends`: one of the two sees the other.
#include <algorithm>
#include <bit>

#include <arch/smp.hpp>

#include "arch/contract/upcalls.hpp"
#include "base/concurrency.hpp"
#include "kernel/sched/run_queue.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

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

// Whom a CPU may take from another's queue: the next of that level who may run there and whom no CPU stands on.
Task* find_movable(RunQueue& from, u32 to, u32 level) REQUIRES(from.lock) {
    return from.tasks.find_in(
        level, [&](const Task& task) { return may_run_on(task, to) && !task.on_cpu.load(std::memory_order_acquire); });
}
Task* find_more_urgent(RunQueue& from, u32 to, u32 below_level) REQUIRES(from.lock) {
    for (u32 level = from.queued_level; level < below_level; ++level)
        if (Task* task = find_movable(from, to, level))
            return task;
    return nullptr;
}

// To the CPU that does it, which is about to choose.
void pull_task(RunQueue& from, RunQueue& to, Task& task, PrioArray::Where where) REQUIRES(from.lock, to.lock) {
    from.remove(task);
    task.cpu = to.cpu;
    to.add(task, where);
}

bool takes_turns(u32 level) { return level == PrioArray::NORMAL; }

// Both locked if nobody has either. For a CPU that can do without: it must not hold one and wait for the other when all CPUs
// are after each other's tasks.
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

// More turns than a queue's lock is held for, unless its holder is kept from running: then another time will do.
constexpr u32 PATIENCE = 100;

bool try_patiently_to_lock_both(RunQueue& one, RunQueue& other) TRY_ACQUIRE(true, one.lock, other.lock) {
    for (u32 turns = PATIENCE; !try_lock_both(one, other); --turns) {
        if (turns == 0)
            return false;
        relax_cpu();
    }
    return true;
}

// A task that was interrupted in its turn goes on first.
void pull_if_longer_waiting(RunQueue& other, RunQueue& rq, u64 now) REQUIRES(other.lock, rq.lock) {
    if (!takes_turns(rq.queued_level))
        return;
    const Task& ours = rq.tasks.front(PrioArray::NORMAL);
    if (ours.slice_used_ns != 0)
        return;
    rq.looked_ns = now;
    Task* theirs = find_movable(other, rq.cpu, PrioArray::NORMAL);
    if (theirs != nullptr && theirs->waits_since_ns < ours.waits_since_ns)
        pull_task(other, rq, *theirs, PrioArray::Where::Front);
}

void pull_longer_waiting(RunQueue& rq, u64 now) {
    for_each_cpu(other_cpus(rq.cpu), [&](RunQueue& other) {
        if (other.queued_level > PrioArray::NORMAL || !try_patiently_to_lock_both(rq, other))
            return;
        pull_if_longer_waiting(other, rq, now);
        unlock_both(rq, other);
    });
}

// Once in a slice is enough: whoever waits does so for as long as that, as a rule. And where turns are cut short by
// sleep, looking each time would cost more than it brings.
bool time_to_look(const RunQueue& rq, u64 now) {
    return takes_turns(rq.queued_level) && now - rq.looked_ns >= SLICE_NS;
}

// Whether whose turn it is may wait in another queue.
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

void enqueue(RunQueue& rq, Task& task, PrioArray::Where where) {
    const u32 level = PrioArray::level_of(task);
    const bool first_equal = level == rq.running_level && level < rq.queued_level;
    rq.add(task, where);
    const bool here = rq.cpu == smp_processor_id();
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

void offer(const Waiting& task) {
    const u32 others = other_cpus(task.cpu) & task.cpus_allowed;
    if (others == 0)
        return;
    std::atomic_thread_fence(std::memory_order_seq_cst); // in the queue before the question who is idle
    if (task.level < rq_of(task.cpu).running_level)
        return; // it will run where it is
    if (const RunQueue& rq = least_urgent(others, task.cpu); task.level < rq.running_level)
        resched_cpu(rq.cpu);
    else if (takes_turns(task.level))
        for (u32 cpus = others; cpus != 0; cpus &= cpus - 1)
            if (const RunQueue& equal = rq_of(static_cast<u32>(std::countr_zero(cpus)));
                equal.running_level == task.level && !equal.turn_ends)
                resched_cpu(equal.cpu);
}

u32 most_urgent_elsewhere(const RunQueue& rq) {
    u32 level = RunQueue::IDLE_LEVEL;
    for_each_cpu(other_cpus(rq.cpu), [&](const RunQueue& other) { level = std::min<u32>(level, other.queued_level); });
    return level;
}

bool equal_may_wait_elsewhere(RunQueue& rq) {
    if (!takes_turns(rq.running_level))
        return false;
    rq.turn_ends = false;
    std::atomic_thread_fence(std::memory_order_seq_cst); // before the question who waits
    return most_urgent_elsewhere(rq) <= rq.running_level;
}

void pull_more_urgent(RunQueue& rq) {
    for_each_cpu(other_cpus(rq.cpu), [&](RunQueue& other) {
        // All CPUs that have nothing to do see the same work. Who queued for the lock would mostly get it when the work
        // is gone, and keep its CPU from going on meanwhile.
        spin_until([&] {
            if (other.queued_level >= rq.queued_level)
                return true;
            if (!try_lock_both(rq, other))
                return false;
            if (Task* task = find_more_urgent(other, rq.cpu, rq.queued_level))
                pull_task(other, rq, *task, PrioArray::Where::Back);
            unlock_both(rq, other);
            return true;
        });
    });
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
            continue; // it has moved, or the rules have changed
        if (task.on_rq != OnRq::Running || task.on_cpu.load(std::memory_order_acquire))
            return; // somebody else has brought it to one
        task.cpu = to.cpu;
        enqueue(to, task, PrioArray::Where::Back);
        return;
    }
}

} // namespace faultline
