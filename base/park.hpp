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
// task that has found that it must wait cannot miss the wake-up.
struct ParkQueue {
    AutoUnlinkList<Parked, &Parked::link> sleepers;
};

// Sleeps uninterruptibly until one of the two functions below wakes the task. It may return early, so the caller checks
// its condition again. The caller holds `lock`, the queue's lock, and no other spin lock; interrupts are on and page
// faults are enabled. `lock` is released during the sleep and held again on return.
void park(ParkQueue& queue, SpinLock& lock);

// Make the first sleeper, or all sleepers, of the queue runnable. The caller holds the queue's lock and is not an
// interrupt handler.
void unpark_one(ParkQueue& queue);
void unpark_all(ParkQueue& queue);

} // namespace faultline
