// The one lock around everything that need not run on several CPUs at a time (Linux had it up to 2.6.38, under the same
// names). A task holds it inside system calls that the table does not call parallel, while it is given signals, and
// when it exits. It belongs to a task, nests, and is given up while the task sleeps: so code under it reads as on a
// machine with one CPU whose kernel is not preempted, where only schedule() lets others in between.
//
// Outermost of the spinning locks: take it with no other held. Sleeping locks may be held: their holder gives this
// one up when it sleeps. Interrupt handlers never take it; what they share with tasks has locks of its own.
#pragma once

#include <arch/current.hpp>

#include "kernel/sched/task.hpp"

namespace faultline {

namespace kernel_lock_detail {

extern constinit bool needed; // there are several CPUs
void lock();
void unlock();

} // namespace kernel_lock_detail

// Once, before a second CPU starts and anybody holds the lock: until then it costs nothing and does nothing.
void make_kernel_lock_work();

// schedule()'s: gives up what `task`, which is current, holds, and takes it again.
inline void release_kernel_lock(const Task& task) {
    if (kernel_lock_detail::needed && task.lock_depth != 0)
        kernel_lock_detail::unlock();
}
inline void reacquire_kernel_lock(const Task& task) {
    if (kernel_lock_detail::needed && task.lock_depth != 0)
        kernel_lock_detail::lock();
}

inline void lock_kernel() {
    if (current()->lock_depth++ == 0 && kernel_lock_detail::needed)
        kernel_lock_detail::lock();
}
inline void unlock_kernel() {
    if (--current()->lock_depth == 0 && kernel_lock_detail::needed)
        kernel_lock_detail::unlock();
}

class [[nodiscard]] KernelLocked {
  public:
    KernelLocked() { lock_kernel(); }
    ~KernelLocked() { unlock_kernel(); }
    KernelLocked(const KernelLocked&) = delete;
    KernelLocked& operator=(const KernelLocked&) = delete;
};

} // namespace faultline
