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
    PrioArray tasks; // runnable, the running one not among them
    u32 queued = 0;  // how many
    Task* running = nullptr;
    Task* idle = nullptr;
    u64 switched_ns = 0;   // when the running task got the CPU
    u64 turn_began_ns = 0; // the same, but for what it had used up of this turn already
    u64 looked_ns = 0;     // when this CPU last asked who waits longer elsewhere

    List<Departure, &Departure::link> departures; // of the running task, or of one that has just left
    Relaxed<u32> awaited = 0;                     // how many

    // For other CPUs to look at without the lock; what they conclude they check.
    Relaxed<u32> running_level = IDLE_LEVEL; // of the running task
    Relaxed<u32> queued_level = IDLE_LEVEL;  // of the most urgent one in the queue
    Relaxed<bool> turn_ends = false;         // the clock will end the running task's turn, if an equal waits then

    // This CPU's alone.
    Task* previous = nullptr;               // whom the switch in progress left
    Relaxed<MmStruct*> active_mm = nullptr; // whose translations this CPU uses
    Relaxed<bool> mm_is_gone = false;       // and another CPU waits for it to stop

    void add(Task& task, PrioArray::Where where) {
        tasks.add(task, where);
        ++queued;
        task.on_rq = OnRq::Queued;
        queued_level = std::min<u32>(queued_level, PrioArray::level_of(task));
    }
    void remove(Task& task) {
        tasks.remove(task);
        removed(task);
    }
    // Takes out the task that waits longest among the most urgent. There is one.
    Task& pop() {
        Task& task = tasks.pop(queued_level);
        removed(task);
        return task;
    }

  private:
    void removed(Task& task) {
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

// The queue a task belongs to, locked. Interrupts masked.
inline RunQueue& lock_task_rq(const Task& task) {
    while (true) {
        RunQueue& rq = rq_of(task.cpu);
        rq.lock.lock();
        if (rq.cpu == task.cpu) [[likely]]
            return rq;
        rq.lock.unlock(); // it moved meanwhile
    }
}

// Both locked, in order; they may be one. Interrupts masked.
class [[nodiscard]] TwoLocked {
  public:
    TwoLocked(RunQueue& one, RunQueue& other)
        : first_(one.cpu <= other.cpu ? one : other), second_(one.cpu <= other.cpu ? other : one) {
        first_.lock.lock();
        if (&first_ != &second_)
            second_.lock.lock();
    }
    ~TwoLocked() {
        if (&first_ != &second_)
            second_.lock.unlock();
        first_.lock.unlock();
    }
    TwoLocked(const TwoLocked&) = delete;
    TwoLocked& operator=(const TwoLocked&) = delete;

  private:
    RunQueue& first_;
    RunQueue& second_;
};

// Both locked if nobody has either, now or within so many turns of waiting for that. For a CPU that can do without: it must
// not hold one and wait for the other when all CPUs are after each other's tasks. Interrupts masked.
class [[nodiscard]] MaybeTwoLocked {
  public:
    MaybeTwoLocked(RunQueue& one, RunQueue& other, u32 turns = 0)
        : one_(one), other_(other), locked_(try_both_for(turns)) {}
    ~MaybeTwoLocked() {
        if (!locked_)
            return;
        other_.lock.unlock();
        one_.lock.unlock();
    }
    MaybeTwoLocked(const MaybeTwoLocked&) = delete;
    MaybeTwoLocked& operator=(const MaybeTwoLocked&) = delete;
    explicit operator bool() const { return locked_; }

  private:
    bool try_both_for(u32 turns) {
        while (!try_both()) {
            if (turns-- == 0)
                return false;
            relax_cpu();
        }
        return true;
    }
    bool try_both() {
        if (!one_.lock.try_lock())
            return false;
        if (other_.lock.try_lock())
            return true;
        one_.lock.unlock();
        return false;
    }

    RunQueue& one_;
    RunQueue& other_;
    const bool locked_;
};

// --- turns (sched.cpp). `rq` locked.

// Asks for an interrupt at the end of the running task's turn. This CPU's queue.
void want_slice_end(RunQueue& rq);

// --- who runs where (balance.cpp)

// Puts a runnable task into the queue, locked, and has its CPU make room if the task is more urgent than what runs
// there, or end the turn of an equal in time.
void enqueue(RunQueue& rq, Task& task, PrioArray::Where where);

// The CPU for a task that is about to be queued: an idle one, if possible that which it knows; else, for a
// real-time task, the one that runs the least urgent; else that which it knows.
u32 select_cpu(const Task& task);

// An equal of the running task may wait in another queue for a turn here. If not, `turn_ends` is false.
bool equal_may_wait_elsewhere(RunQueue& rq);

// The level of the most urgent task that waits in another queue.
u32 most_urgent_elsewhere(const RunQueue& rq);

// A task waits in a queue though another CPU may have room for it: has that CPU look. No lock held.
void offer(const Waiting& task);

// Whether whose turn it is may wait in another queue, so that pull() is worth while. `rq` locked, and about to choose.
bool next_may_be_elsewhere(const RunQueue& rq, u64 now);

// Takes from other queues what may run here and is more urgent than all here; and, at most once in a slice, what has
// waited longer than its equals here. No lock held; interrupts masked.
void pull(RunQueue& rq, u64 now);
void pull_more_urgent(RunQueue& rq); // the former only

// Brings a runnable task that is in no queue, and on which no CPU stands, to one where it may run. No run queue's lock
// held; interrupts masked.
void move_to_allowed_cpu(Task& task);

// Makes `cpu` look whether it runs what it should. No lock held but a wake_lock.
void resched_cpu(u32 cpu);

} // namespace faultline
