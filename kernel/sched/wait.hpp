// A queue of tasks that sleep until a condition holds (Linux: wait_queue_head_t).
#pragma once

#include "base/intrusive.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

struct WaitQueue;

struct WaitEntry {
    AutoUnlinkHook link;
    Task* task = nullptr;
    WaitQueue* queue = nullptr;
    // What a wake-up does with this entry. nullptr: it takes the entry out and wakes `task`. A function is called with
    // the queue's lock held, from any context, and leaves the entry in. `events` is what the waker passed to
    // wake_up_poll(), else 0. It returns whether it has woken a task. (Linux: wait_queue_func_t.)
    bool (*woken)(WaitEntry& entry, u32 events) = nullptr;
    bool exclusive = false; // with `woken`: of all such entries, wake_up_poll() stops after one that has woken a task
};

struct WaitQueue {
    WaitQueue() = default;
    // For a queue whose lock is taken inside that of another queue, by a function of WaitEntry::woken.
    explicit WaitQueue(const char* name, lockdep::Kind kind = lockdep::Kind::Spin) : lock(name, kind) {}

    SpinLock lock{"WaitQueue"}; // held with interrupts masked
    AutoUnlinkList<WaitEntry, &WaitEntry::link> entries GUARDED_BY(lock);
    Relaxed<u32> sleepers = 0; // the number of entries; a waker reads it without the lock
};

// Wake all sleepers, or the one that has waited longest. Callable from anywhere, interrupt handlers included. A task
// that finds the condition changed without sleeping may free the queue only after these have returned.
void wake_up_all(WaitQueue& queue);
void wake_up_one(WaitQueue& queue); // for a queue without entries that have `woken`

// Wakes all sleepers and tells the entries that have `woken` what has happened: POLLIN | POLLOUT | …, not 0. Of the
// exclusive entries it wakes one. Callable from anywhere. (Linux: the same name.)
void wake_up_poll(WaitQueue& queue, u32 events);

// Queues current and sets its state. From now on no wake-up is lost, so test the condition again before schedule().
// finish_wait() undoes both. (Linux: the same names.)
void prepare_to_wait(WaitQueue& queue, WaitEntry& entry, TaskState state);
void finish_wait(WaitEntry& entry);

// Puts an entry that has `woken` into a queue, and takes it out. After remove_wait_queue() the function is not called
// and no longer runs. (Linux: the same names.)
void add_wait_queue(WaitQueue& queue, WaitEntry& entry);
void remove_wait_queue(WaitEntry& entry);

// Sleeps in `state` (Interruptible, Killable or Uninterruptible) until condition() holds. RESTARTSYS: a signal ended
// the sleep; TIMEDOUT: `deadline_ns` of clock_ns() passed. condition() must not sleep. Same conditions for the caller
// as schedule().
template <class Condition>
Result<void> wait_event_state(WaitQueue& queue, TaskState state, Condition&& condition, u64 deadline_ns) {
    while (!condition()) {
        WaitEntry entry;
        prepare_to_wait(queue, entry, state);
        bool woken = true;
        bool interrupted = false;
        if (!condition()) {
            interrupted = (state == TaskState::Interruptible && signal_pending()) ||
                          (state == TaskState::Killable && fatal_signal_pending());
            if (!interrupted)
                woken = schedule_until(deadline_ns);
        }
        finish_wait(entry);
        if (interrupted)
            return Err(Errno::RESTARTSYS);
        if (!woken && !condition())
            return Err(Errno::TIMEDOUT);
    }
    return {};
}

template <class Condition>
Result<void> wait_event_interruptible(WaitQueue& queue, Condition&& condition, u64 deadline_ns = NO_DEADLINE) {
    return wait_event_state(queue, TaskState::Interruptible, condition, deadline_ns);
}

template <class Condition>
Result<void> wait_event_killable(WaitQueue& queue, Condition&& condition) {
    return wait_event_state(queue, TaskState::Killable, condition, NO_DEADLINE);
}

// An event that happens once (Linux: struct completion). Usually on the waiter's stack.
struct Completion {
    Relaxed<bool> done = false;
    WaitQueue waiters;
};
// Marks the event as done and wakes its waiters. Callable from anywhere.
void complete(Completion& event);

// Sleep until the event is done. The second returns RESTARTSYS if a fatal signal comes first. After success complete()
// no longer uses the event, so it may be freed.
void wait_for_completion(Completion& event);
Result<void> wait_for_completion_killable(Completion& event);

} // namespace faultline
