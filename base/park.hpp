// How a task sleeps until a sleeping lock wakes it. The lock owns the queue. kernel/sched/park.cpp supplies the
// functions through the linker, so base/ and mm/ do not depend on the scheduler.
#pragma once

#include "base/intrusive.hpp"
#include "base/spinlock.hpp"

namespace faultline {

// One sleeping task; the object lies on its stack. `task` belongs to the scheduler.
struct Parked {
    AutoUnlinkHook link;
    void* task = nullptr;
};

// The tasks that sleep for one event. One spin lock protects both the queue and the condition that they wait for, so a
// task that has found that it must wait cannot miss the wake-up. Declare a queue GUARDED_BY that lock.
struct ParkQueue {
    AutoUnlinkList<Parked, &Parked::link> sleepers;
};

// Sleeps uninterruptibly until one of the two functions below wakes the task. It may return early, so the caller checks
// its condition again. `lock`, the queue's lock, is released during the sleep and held again on return. The caller holds
// no other spin lock; interrupts are on and page faults are enabled.
void park(ParkQueue& queue, SpinLock& lock) REQUIRES(lock);

// Make the first sleeper, or all sleepers, of the queue runnable. The caller is not an interrupt handler.
void unpark_one(ParkQueue& queue);
void unpark_all(ParkQueue& queue);

} // namespace faultline
