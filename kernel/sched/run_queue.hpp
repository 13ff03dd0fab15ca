// One CPU's runnable tasks, and the rules by which CPUs touch each other's queues. Internal to kernel/sched/.
//
// Lock order, all with interrupts masked: Task::wake_lock, then RunQueue::lock; two run queues in the order of their
// CPU numbers. A task is queued and taken out with its queue's lock held. A queued task moves to another queue with
// both locks held.
//
// How a sleeper is woken (Linux kernel/sched/core.c, try_to_wake_up): the waker holds wake_lock. If the task is still
// on_rq, it has not gone to sleep yet, and it stays where it is. Otherwise its CPU has decided to leave it. The waker
// waits until that CPU no longer uses the task's kernel stack (!on_cpu), chooses a CPU and queues the task there. The
// CPU that takes a task sets on_cpu. The CPU that leaves a task clears on_cpu as its very last step. While on_cpu is
// set, no other CPU takes the task.
#pragma once

#include <algorithm>

#include <arch/smp.hpp>

#include "arch/contract/per_cpu.hpp"
#include "base/concurrency.hpp"
#include "base/late.hpp"
#include "kernel/sched/prio_array.hpp"
#include "kernel/sched/wait.hpp"

namespace faultline {

// A copy of what matters about a queued task. The task itself may run, exit and be freed at any moment.
struct Waiting {
    u32 cpu, level;
    CpuMask cpus_allowed;

    explicit Waiting(const Task& task)
        : cpu(task.cpu), level(PrioArray::level_of(task)), cpus_allowed(task.cpus_allowed) {}
};

// One wait for a running task to leave its CPU.
struct Departure {
    ListHook link;
    const Task* task = nullptr;
    Completion left;
};

struct RunQueue {
    static constexpr u32 IDLE_LEVEL = PrioArray::LEVELS; // less urgent than any task
    // A task that has slept comes before those that computed, but not by more than this.
    static constexpr u64 SLEEPER_CREDIT_NS = SLICE_NS;

    SpinLock lock{"RunQueue"};
    u32 cpu = 0;
    Task* idle = nullptr;

    u32 queued GUARDED_BY(lock) = 0; // how many there are in `tasks`
    Task* running GUARDED_BY(lock) = nullptr;
    u64 charged_ns GUARDED_BY(lock) = 0; // up to when the running task's time has been counted (charge())
    // When the running task got the CPU, less what it had used of this turn before.
    u64 turn_began_ns GUARDED_BY(lock) = 0;
    // The scale of the vruntimes here: about the least of them, as of the last tick. It only rises. (Linux:
    // cfs_rq.min_vruntime.)
    u64 min_vruntime GUARDED_BY(lock) = SLEEPER_CREDIT_NS;

    // kernel/sched/rt_bandwidth.hpp
    u64 rt_time_ns GUARDED_BY(lock) = 0;         // that real-time tasks have had, less what ended periods gave back
    u64 rt_period_began_ns GUARDED_BY(lock) = 0; // valid while rt_time_ns is not 0
    Relaxed<bool> rt_throttled = false;          // real-time tasks in the queue wait; changes with the lock held

    List<Departure, &Departure::link>
        departures GUARDED_BY(lock); // waits for the running task, or for one that has just left
    Relaxed<u32> awaited = 0;        // how many; changes with the lock held
    Relaxed<u32> nr_switches = 0;    // how often a task has left this CPU

    // Other CPUs read these without the lock. What follows from them is checked again under the lock.
    Relaxed<u32> running_level = IDLE_LEVEL; // the running task's
    Relaxed<u32> queued_level = IDLE_LEVEL;  // that of the most urgent queued task that may run: first_level()
    Relaxed<bool> turn_ends = false;         // the clock will end the running task's turn, if an equal waits then

    // This CPU's own: the last look at other queues, the switch in progress, and the address space.
    u64 looked_ns = 0;                      // when this CPU last looked for tasks that wait longer elsewhere
    Task* previous = nullptr;               // the task that the switch left; used by this CPU only
    Relaxed<MmStruct*> active_mm = nullptr; // the mm whose translations this CPU uses
    Relaxed<bool> mm_is_gone = false;       // set by another CPU, which waits until this one stops using active_mm

    PrioArray tasks GUARDED_BY(lock); // the runnable tasks, without the running one; last, because it is large

    void add(Task& task, PrioArray::Where where) REQUIRES(lock) {
        const u32 level = PrioArray::level_of(task);
        tasks.add(task, where);
        ++queued;
        task.on_rq = OnRq::Queued;
        if (level < queued_level && !(rt_throttled && level < PrioArray::NORMAL))
            queued_level = level;
    }
    void remove(Task& task) REQUIRES(lock) {
        tasks.remove(task);
        removed(task, PrioArray::level_of(task));
    }
    // The most urgent level that has a task which may run, or IDLE_LEVEL.
    u32 first_level() const REQUIRES(lock) {
        const u32 first = tasks.first_level();
        if (!rt_throttled || first >= PrioArray::NORMAL) [[likely]]
            return first;
        return tasks.has(PrioArray::NORMAL) ? PrioArray::NORMAL : IDLE_LEVEL;
    }
    // Takes out the first task of queued_level, which is not IDLE_LEVEL.
    Task& pop() REQUIRES(lock) {
        const u32 level = queued_level;
        Task& task = tasks.pop(level);
        removed(task, level);
        return task;
    }

  private:
    void removed(Task& task, u32 level) REQUIRES(lock) {
        --queued;
        task.on_rq = OnRq::Running;
        if (!tasks.has(level))
            queued_level = first_level();
    }
};

extern constinit PerCpu<Late<RunQueue>> run_queues; // defined in sched.cpp
extern constinit Relaxed<CpuMask> online_cpus;      // the CPUs whose run queue exists

inline RunQueue& rq_of(u32 cpu) { return *run_queues.of(cpu); }
inline RunQueue& this_rq() { return *run_queues.here(); }

// The other online CPUs. The mask is empty if there is one CPU only; most of the work for others is then skipped.
inline CpuMask other_cpus(u32 cpu) { return CpuMask{online_cpus} - CpuMask::of(cpu); }

inline bool may_run_on(const Task& task, u32 cpu) { return task.cpus_allowed.has(cpu); }

// Holds the lock of the queue that a task belongs to until the end of the scope. Interrupts masked. (Linux:
// task_rq_lock.)
class [[nodiscard]] SCOPED_CAPABILITY TaskRqLocked {
  public:
    explicit TaskRqLocked(const Task& task) ACQUIRE(rq->lock) {
        while (true) {
            rq = &rq_of(task.cpu);
            rq->lock.lock();
            if (rq->cpu == task.cpu) [[likely]]
                return;
            rq->lock.unlock(); // the task moved meanwhile
        }
    }
    ~TaskRqLocked() RELEASE() { rq->lock.unlock(); }
    TaskRqLocked(const TaskRqLocked&) = delete;
    TaskRqLocked& operator=(const TaskRqLocked&) = delete;

    RunQueue* rq;
};

// --- turns (sched.cpp)

// Counts the time that the running task has had since the last call. (Linux: update_curr.)
inline void charge(RunQueue& rq, u64 now) REQUIRES(rq.lock) {
    Task& running = *rq.running;
    const u64 ran = now - rq.charged_ns;
    rq.charged_ns = now;
    running.run_ns += ran;
    if (rq.running_level == PrioArray::NORMAL) {
        running.vruntime += virtual_time(running, ran);
    } else if (rq.running_level < PrioArray::NORMAL) {
        if (rq.rt_time_ns == 0)
            rq.rt_period_began_ns = now - ran;
        rq.rt_time_ns += ran;
    }
}

// Puts a task that comes from another queue, or was real-time, on the scale of `rq`: level with the others there.
inline void start_level(RunQueue& rq, Task& task) REQUIRES(rq.lock) { task.vruntime = rq.min_vruntime; }

// Bounds what a task has gained by sleeping.
inline void limit_credit(RunQueue& rq, Task& task) REQUIRES(rq.lock) {
    task.vruntime = std::max(task.vruntime, rq.min_vruntime - RunQueue::SLEEPER_CREDIT_NS);
}

// Asks for an interrupt at the end of the running task's turn. `rq` is this CPU's queue.
void want_slice_end(RunQueue& rq) REQUIRES(rq.lock, irqs_masked);

// --- which CPU runs which task (balance.cpp)

// Puts a runnable task into `rq`. If the task is more urgent than the one that runs there, tells that CPU to
// reschedule. If it is the first equal to wait for the running task, gives the running task's turn an end.
inline void enqueue(RunQueue& rq, Task& task, PrioArray::Where where) REQUIRES(rq.lock, irqs_masked) {
    const u32 level = PrioArray::level_of(task);
    const bool first_equal = level == rq.running_level && level < rq.queued_level;
    rq.add(task, where);
    const bool here = rq.cpu == smp_processor_id();
    if (level < rq.running_level) {
        if (!here)
            smp_send_reschedule(CpuId(static_cast<u8>(rq.cpu)));
        else if (rq.running != rq.idle) // the idle task looks at its queue by itself
            rq.running->need_resched = true;
    } else if (first_equal) {
        if (here)
            want_slice_end(rq);
        else
            smp_send_reschedule(CpuId(static_cast<u8>(rq.cpu)));
    }
}

// Chooses the CPU for a task that is about to be queued. The first rule that fits decides: its last CPU (Task::cpu) if
// that is idle or the only one allowed; an idle CPU; the CPU that runs the least urgent task, if the new task is more
// urgent, or if its last CPU is not allowed or runs something more urgent than it; its last CPU.
u32 select_cpu(const Task& task);

// Whether another queue may have a task that waits for a turn here: one at least as urgent as the running task. False
// for real-time tasks. Otherwise clears `turn_ends` first, so that a later offer() tells this CPU.
bool equal_may_wait_elsewhere(RunQueue& rq) REQUIRES(rq.lock);

// The level of the most urgent task queued on another CPU, or IDLE_LEVEL. Needs no lock.
u32 most_urgent_elsewhere(const RunQueue& rq);

// Tells other CPUs about a task that waits in a queue, if one of them should run it now, or should give its turn an
// end. No run queue's lock held.
void offer(const Waiting& task) REQUIRES(irqs_masked);

// Takes from other queues the tasks that may run here and are more urgent than all in `rq`; and, at most once in a
// slice, one that has waited longer than its equals here. `rq` is this CPU's queue. Its lock is released meanwhile if
// another queue may have such a task.
void pull(RunQueue& rq, u64 now) REQUIRES(rq.lock, irqs_masked);

// Takes only the more urgent ones. No lock held.
void pull_more_urgent(RunQueue& rq) REQUIRES(irqs_masked);

// Queues a runnable task that is in no queue, and whose kernel stack no CPU uses, on a CPU where it may run. No run
// queue's lock held.
void move_to_allowed_cpu(Task& task) REQUIRES(irqs_masked);

// Makes `cpu` check whether it should run another task. No lock held, except that a wake_lock may be.
void resched_cpu(u32 cpu) REQUIRES(irqs_masked);

} // namespace faultline
