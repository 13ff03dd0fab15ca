// Making tasks runnable, and changes of a task's priority and CPUs.
#include <arch/irq.hpp>

#include "arch/contract/clock.hpp"
#include "base/concurrency.hpp"
#include "base/trace.hpp"
#include "kernel/sched/irq_lock.hpp"
#include "kernel/sched/run_queue.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

using Where = PrioArray::Where;

bool is_on_cpu(const Task& task) { return task.on_cpu.load(std::memory_order_acquire); }

bool asleep(const Task& task) {
    const TaskState state = task.state;
    return state != TaskState::Running && state != TaskState::Zombie && state != TaskState::Dead;
}

// If the task's CPU has not taken it off the run queue yet, the task stays runnable: true. False: its CPU has decided
// to leave it.
bool wake_before_it_sleeps(Task& task) REQUIRES(task.wake_lock, irqs_masked) {
    if (task.on_rq == OnRq::No)
        return false;
    const TaskRqLocked locked(task);
    const bool still = task.on_rq != OnRq::No;
    if (still) {
        TRACE(SchedWakeup, task.pid, u32{task.cpu}, task.prio);
        task.state = TaskState::Running;
    }
    return still;
}

// Queues a sleeping task. No CPU uses its kernel stack.
inline void activate(Task& task) REQUIRES(task.wake_lock, irqs_masked) {
    const bool several = !other_cpus(task.cpu).empty();
    const u32 cpu = several ? select_cpu(task) : u32{task.cpu};
    RunQueue& rq = rq_of(cpu);
    {
        const Guard lock(rq.lock);
        if (several && rq.running_level <= PrioArray::level_of(task))
            task.waits_since_ns = clock_ns();
        if (task.cpu != cpu)
            start_level(rq, task);
        else
            limit_credit(rq, task);
        task.cpu = cpu;
        TRACE(SchedWakeup, task.pid, cpu, task.prio);
        task.state = TaskState::Running;
        enqueue(rq, task, Where::Back);
    }
    if (several && task.on_rq == OnRq::Queued)
        offer(Waiting(task));
}

// What a task was doing when its cpus_allowed changed.
struct Allowed {
    u32 cpu;
    bool queued, chosen_or_left, taken_out;
};

Allowed allow_cpus(RunQueue& rq, Task& task, CpuMask cpus, Departure& departure) REQUIRES(task.wake_lock, rq.lock) {
    task.cpus_allowed = cpus;
    const bool leaves = !may_run_on(task, rq.cpu);
    const bool queued = task.on_rq == OnRq::Queued;
    const bool runs = task.on_rq == OnRq::Running && rq.running == &task;
    const bool chosen_or_left = leaves && queued && is_on_cpu(task);
    const bool taken_out = leaves && queued && !chosen_or_left;
    if (taken_out)
        rq.remove(task); // now, or its CPU might choose it before it is brought to another
    if (leaves && runs && &task != current()) {
        departure.task = &task;
        rq.departures.push_back(departure);
        rq.awaited = rq.awaited + 1;
    }
    return {rq.cpu, queued, chosen_or_left, taken_out};
}

enum class Change : u8 { Done, Again };

// Returns Again if the task's CPU is about to switch away from it, or to choose it once more.
Change change_cpus_allowed(Task& task, CpuMask cpus) {
    Departure departure;
    {
        IrqLocked lock(task.wake_lock);
        Allowed now;
        {
            const TaskRqLocked locked(task);
            now = allow_cpus(*locked.rq, task, cpus, departure);
        }
        if (now.chosen_or_left)
            return Change::Again;
        if (now.taken_out)
            move_to_allowed_cpu(task);
        else if (now.queued)
            offer(Waiting(task));
        if (departure.task != nullptr)
            resched_cpu(now.cpu);
    }
    if (departure.task != nullptr)
        wait_for_completion(departure.left); // completed by the task's CPU
    else if (&task == current() && !may_run_on(task, this_rq().cpu))
        schedule();
    return Change::Done;
}

// What a task was doing when its priority changed.
struct Reordered {
    u32 cpu;
    bool queued, running;
};

Reordered reorder(RunQueue& rq, Task& task, s32 prio) REQUIRES(task.wake_lock, rq.lock, irqs_masked) {
    const bool queued = task.on_rq == OnRq::Queued, running = rq.running == &task;
    const Where where = prio > task.prio ? Where::Front : Where::Back;
    const bool becomes_normal = rt_prio(task.prio) && !rt_prio(prio);
    const u64 now = clock_ns();
    if (running)
        charge(rq, now); // at its old level
    if (queued)
        rq.remove(task);
    task.prio = prio;
    task.slice_used_ns = 0;
    if (becomes_normal) // as a real-time task it was not on the scale
        start_level(rq, task);
    if (queued)
        enqueue(rq, task, where);
    if (running) {
        rq.running_level = PrioArray::level_of(task);
        rq.turn_began_ns = now;
    }
    return {rq.cpu, queued, running};
}

} // namespace

void wait_task_inactive(const Task& task) {
    spin_until([&] { return !is_on_cpu(task); });
}

bool wake_up_process(Task& task) {
    std::atomic_thread_fence(std::memory_order_seq_cst); // what the task waits for is stored before its state is read
    IrqLocked lock(task.wake_lock);
    if (!asleep(task))
        return false;
    if (wake_before_it_sleeps(task))
        return true;
    std::atomic_thread_fence(std::memory_order_acquire); // on_rq is read before on_cpu
    wait_task_inactive(task);
    activate(task);
    return true;
}

void wake_up_new_task(Task& task) {
    IrqLocked lock(task.wake_lock);
    activate(task);
}

void sched_set_prio(Task& task, s32 prio) {
    IrqLocked lock(task.wake_lock);
    Reordered now;
    {
        const TaskRqLocked locked(task);
        now = reorder(*locked.rq, task, prio);
    }
    if (now.queued)
        offer(Waiting(task));
    if (now.running)
        resched_cpu(now.cpu);
}

void set_cpus_allowed(Task& task, CpuMask cpus) {
    while (change_cpus_allowed(task, cpus) == Change::Again)
        spin_until([&] { return task.on_rq != OnRq::Queued || !is_on_cpu(task); });
}

CpuMask cpus_online() { return online_cpus; }

void kick_process(const Task& task) {
    if (task.cpu != machine::this_cpu().value() && task.on_cpu.load(std::memory_order_relaxed))
        resched_cpu(task.cpu);
}

} // namespace faultline
