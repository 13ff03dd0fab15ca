// A queue of sleepers waiting for a condition (Linux: wait_queue_head_t).
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
};

struct WaitQueue {
    SpinLock lock{"WaitQueue"}; // interrupts masked
    AutoUnlinkList<WaitEntry, &WaitEntry::link> entries;
    Relaxed<u32> sleepers = 0; // how many entries, for wakers to see without the lock that there are none
};

// Wakes all sleepers, or the one that waits longest. From anywhere, interrupts included. Whoever finds the condition
// changed before may see to it that the queue is gone as soon as these return, but not earlier.
void wake_up_all(WaitQueue& queue);
void wake_up_one(WaitQueue& queue);

// Queues current and gives it a sleeping state: from here on a wake-up is not lost, so the condition must be
// tested again before schedule(). finish_wait() undoes both. (Linux: the same names.)
void prepare_to_wait(WaitQueue& queue, WaitEntry& entry, TaskState state);
void finish_wait(WaitEntry& entry);

// Sleeps in `state` (Interruptible, Killable or Uninterruptible) until condition() holds: ok. RESTARTSYS on a
// signal that ends such a sleep; TIMEDOUT at the deadline. The condition may not itself sleep, and is tested
// with interrupts as the caller has them.
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

// An event that happens once (Linux: struct completion). Lives on the waiter's stack, as a rule.
struct Completion {
    Relaxed<bool> done = false;
    WaitQueue waiters;
};
void complete(Completion& event);

// Waits for it; the second, interruptible by a fatal signal: RESTARTSYS. After ok nobody is in complete() any more, and
// the event may go.
void wait_for_completion(Completion& event);
Result<void> wait_for_completion_killable(Completion& event);

} // namespace faultline
