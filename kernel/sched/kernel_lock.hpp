// The one lock around everything that need not run on several CPUs at a time (Linux had it up to 2.6.38, under the same
// names). A task holds it inside system calls that the table does not call parallel, while it is given signals, and
// when it exits. It belongs to a task, nests, and is given up while the task sleeps: so code under it reads as on a
// machine with one CPU whose kernel is not preempted, where only schedule() lets others in between.
//
// Outermost of the spinning locks: take it with no other held. Sleeping locks may be held: their holder gives this
// one up when it sleeps. Interrupt handlers never take it; what they share with tasks has locks of its own.
#pragma once

#include "kernel/sched/task.hpp"

namespace faultline {

void lock_kernel();
void unlock_kernel();

// schedule()'s: gives up what `task`, which is current, holds, and takes it again.
void release_kernel_lock(const Task& task);
void reacquire_kernel_lock(const Task& task);

class [[nodiscard]] KernelLocked {
  public:
    KernelLocked() { lock_kernel(); }
    ~KernelLocked() { unlock_kernel(); }
    KernelLocked(const KernelLocked&) = delete;
    KernelLocked& operator=(const KernelLocked&) = delete;
};

} // namespace faultline
