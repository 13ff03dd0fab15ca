// Where a sleeping lock waits. The lock owns the queue; whoever schedules tasks (kernel/sched, or a test harness)
// supplies the two functions, by link. This keeps base/ and mm/ free of the scheduler.
#pragma once

#include "base/intrusive.hpp"

namespace faultline {

struct ParkQueue; // the sleepers of one lock

// One sleeper, on its own stack; `task` is the scheduler's business.
struct Parked {
    AutoUnlinkHook link;
    void* task = nullptr;
};

struct ParkQueue {
    AutoUnlinkList<Parked, &Parked::link> sleepers;
};

// Sleeps, uninterruptibly, until the next unpark_all(queue). Must not be called with interrupts masked, page faults
// disabled or a spin lock held. The kernel is not preempted, so test-then-park cannot lose a wake-up on one CPU.
void park(ParkQueue& queue);

// Makes every sleeper of the queue runnable. Callable anywhere but from an interrupt.
void unpark_all(ParkQueue& queue);

} // namespace faultline
