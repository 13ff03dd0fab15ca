// Where a sleeping lock waits. The lock owns the queue; kernel/sched/park.cpp supplies the two functions by link, which keeps
// base/ and mm/ free of the scheduler.
#pragma once

#include "base/intrusive.hpp"
#include "base/spinlock.hpp"

namespace faultline {

// One sleeper, on its own stack; `task` is the scheduler's business.
struct Parked {
    AutoUnlinkHook link;
    void* task = nullptr;
};

// Those who sleep for one thing. Declare it GUARDED_BY its lock, which guards what they wait for too: so nobody who has looked and found
// that he must wait can miss the wake-up.
struct ParkQueue {
    AutoUnlinkList<Parked, &Parked::link> sleepers;
};

// Sleeps, uninterruptibly, until woken by one of the two below; may come back sooner, so look again. `lock`, the queue's,
// is given up meanwhile and held again on return. Caller holds no other spin lock; interrupts not masked, page faults not
// disabled.
void park(ParkQueue& queue, SpinLock& lock) REQUIRES(lock);

// Make the first, or every, sleeper of the queue runnable. Not from an interrupt.
void unpark_one(ParkQueue& queue);
void unpark_all(ParkQueue& queue);

} // namespace faultline
