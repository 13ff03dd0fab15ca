// One CPU's runnable tasks, and the rules by which CPUs touch each other's. Internal to kernel/sched/.
//
// Locks, all taken with interrupts masked: Task::wake_lock, then RunQueue::lock; two run queues in the order of their
// CPUs. A task's place in the scheduler changes with its queue's lock held, and it changes queues with both held.
//
// A sleeper is woken so (Linux kernel/sched/core.c, try_to_wake_up): the waker holds wake_lock. If the task is still
// on_rq it is only about to sleep, and stays. Else its CPU has decided to leave it; the waker waits until that CPU
// stands on its stack no more (!on_cpu), chooses a CPU and queues it there. on_cpu is cleared as the very last thing by
// the CPU that left the task, and set by the one that takes it: nobody else takes a task that is on_cpu.
#pragma once

#include <algorithm>

#include "arch/contract/per_cpu.hpp"
#include "base/late.hpp"
#include "kernel/sched/prio_array.hpp"
#include "kernel/sched/wait.hpp"

namespace faultline {

// A task in a queue, as it was there: the task itself may be taken, come to its end and be gone any moment.
struct Waiting {
    u32 cpu, level, cpus_allowed;

    explicit Waiting(const Task& task)
        : cpu(task.cpu), level(PrioArray::level_of(task)), cpus_allowed(task.cpus_allowed) {}
};

// Somebody waits for a running task to leave its CPU.
struct Departure {
    ListHook link;
    const Task* task = nullptr;
    Completion left;
};

struct RunQueue {
    static constexpr u32 IDLE_LEVEL = PrioArray::LEVELS; // less urgent than any task's

    SpinLock lock{"RunQueue"};
    u32 cpu = 0;
    Task* idle = nullptr;

    PrioArray tasks GUARDED_BY(lock); // runnable, the running one not among them
    u32 queued GUARDED_BY(lock) = 0;  // how many
    Task* running GUARDED_BY(lock) = nullptr;
    u64 switched_ns GUARDED_BY(lock) = 0;   // when the running task got the CPU
    u64 turn_began_ns GUARDED_BY(lock) = 0; // the same, but for what it had used up of this turn already

    List<Departure, &Departure::link> departures GUARDED_BY(lock); // of the running task, or of one that has just left
    Relaxed<u32> awaited = 0;                                      // how many; changed with the lock held

    // For other CPUs to look at without the lock; what they conclude they check.
    Relaxed<u32> running_level = IDLE_LEVEL; // of the running task
    Relaxed<u32> queued_level = IDLE_LEVEL;  // of the most urgent one in the queue
    Relaxed<bool> turn_ends = false;         // the clock will end the running task's turn, if an equal waits then

    // This CPU's alone.
    u64 looked_ns = 0;                      // when it last asked who waits longer elsewhere
    Task* previous = nullptr;               // whom the switch in progress left
    Relaxed<MmStruct*> active_mm = nullptr; // whose translations this CPU uses
    Relaxed<bool> mm_is_gone = false;       // and another CPU waits for it to stop

    void add(Task& task, PrioArray::Where where) REQUIRES(lock) {
        tasks.add(task, where);
        ++queued;
        task.on_rq = OnRq::Queued;
        queued_level = std::min<u32>(queued_level, PrioArray::level_of(task));
    }
    void remove(Task& task) REQUIRES(lock) {
        tasks.remove(task);
        removed(task);
    }
    // Takes out the task that waits longest among the most urgent. There is one.
    Task& pop() REQUIRES(lock) {
        Task& task = tasks.pop(queued_level);
        removed(task);
        return task;
    }

  private:
    void removed(Task& task) REQUIRES(lock) {
        --queued;
        task.on_rq = OnRq::Running;
        queued_level = tasks.first_level();
    }
};

extern constinit PerCpu<Late<RunQueue>> run_queues; // sched.cpp
extern constinit Relaxed<u32> online_cpus;          // a mask: those whose run queue exists

inline RunQueue& rq_of(u32 cpu) { return *run_queues.of(cpu); }
inline RunQueue& this_rq() { return *run_queues.here(); }

constexpr u32 cpu_bit(u32 cpu) { return 1u << cpu; }

// A mask, empty where there is one CPU only: then most of what is said below about others is not even asked.
inline u32 other_cpus(u32 cpu) { return online_cpus & ~cpu_bit(cpu); }

inline bool may_run_on(const Task& task, u32 cpu) { return (task.cpus_allowed & cpu_bit(cpu)) != 0; }

// The queue a task belongs to, locked for a scope. Interrupts masked. (Linux: task_rq_lock.)
class [[nodiscard]] SCOPED_CAPABILITY TaskRqLocked {
  public:
    explicit TaskRqLocked(const Task& task) ACQUIRE(rq->lock) {
        while (true) {
            rq = &rq_of(task.cpu);
            rq->lock.lock();
            if (rq->cpu == task.cpu) [[likely]]
                return;
            rq->lock.unlock(); // it moved meanwhile
        }
    }
    ~TaskRqLocked() RELEASE() { rq->lock.unlock(); }
    TaskRqLocked(const TaskRqLocked&) = delete;
    TaskRqLocked& operator=(const TaskRqLocked&) = delete;

    RunQueue* rq;
};

// --- turns (sched.cpp)

// Asks for an interrupt at the end of the running task's turn. This CPU's queue.
void want_slice_end(RunQueue& rq) REQUIRES(rq.lock, irqs_masked);

// --- who runs where (balance.cpp)

// Puts a runnable task into the queue, and has its CPU make room if the task is more urgent than what runs there, or end
// the turn of an equal in time.
void enqueue(RunQueue& rq, Task& task, PrioArray::Where where) REQUIRES(rq.lock, irqs_masked);

// The CPU for a task that is about to be queued: an idle one, if possible that which it knows; else, for a
// real-time task, the one that runs the least urgent; else that which it knows.
u32 select_cpu(const Task& task);

// An equal of the running task may wait in another queue for a turn here. If not, `turn_ends` is false.
bool equal_may_wait_elsewhere(RunQueue& rq) REQUIRES(rq.lock);

// The level of the most urgent task that waits in another queue.
u32 most_urgent_elsewhere(const RunQueue& rq);

// A task waits in a queue though another CPU may have room for it: has that CPU look. No lock held.
void offer(const Waiting& task) REQUIRES(irqs_masked);

// Takes from other queues what may run here and is more urgent than all here; and, at most once in a slice, what has
// waited longer than its equals here. `rq`, whose CPU is about to choose, is given up meanwhile if there may be any such.
void pull(RunQueue& rq, u64 now) REQUIRES(rq.lock, irqs_masked);

// The former only. No lock held.
void pull_more_urgent(RunQueue& rq) REQUIRES(irqs_masked);

// Brings a runnable task that is in no queue, and on which no CPU stands, to one where it may run. No run queue's lock
// held.
void move_to_allowed_cpu(Task& task) REQUIRES(irqs_masked);

// Makes `cpu` look whether it runs what it should. No lock held but a wake_lock.
void resched_cpu(u32 cpu) REQUIRES(irqs_masked);

} // namespace faultline
