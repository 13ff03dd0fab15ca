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

// The sleepers of one lock. What they wait for changes with `lock` held too: so nobody who has looked and found that he
// must wait can miss the wake-up.
struct ParkQueue {
    SpinLock lock{"ParkQueue"};
    AutoUnlinkList<Parked, &Parked::link> sleepers; // guarded by it
};

// Sleeps, uninterruptibly, until the next unpark_all(queue); may come back sooner, so look again. Caller holds
// queue.lock, which is given up meanwhile and held again on return, and no other spin lock; interrupts not masked, page
// faults not disabled.
void park(ParkQueue& queue);

// Makes every sleeper of the queue runnable. Caller holds queue.lock. Not from an interrupt.
void unpark_all(ParkQueue& queue);

} // namespace faultline
