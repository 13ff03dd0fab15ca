// The kernel lock: one lock around everything that need not run on several CPUs at once. (Linux had it up to 2.6.38,
// under the same names.)
//
// A task holds it inside each system call that the table does not mark `parallel`, while signals are delivered to it,
// and when it exits. The lock belongs to the task, nests, and is released while the task sleeps. So code under it can
// be written as for a machine with one CPU whose kernel is not preempted: other tasks run only inside schedule().
//
// It is the outermost spin lock: take it with no other spin lock held. Sleeping locks may be held, because their holder
// releases the kernel lock when it sleeps. Interrupt handlers never take it. Data that they share with tasks has its
// own locks.
#pragma once

#include <arch/current.hpp>

#include "kernel/sched/task.hpp"

namespace faultline {

namespace kernel_lock_detail {

extern constinit bool needed; // true once there are several CPUs
void lock();
void unlock();

} // namespace kernel_lock_detail

// Turns the lock on. Call once, before a second CPU starts and before any task holds the lock. Until then it is never
// taken.
void make_kernel_lock_work();

// For schedule(): release what `task`, which is current, holds, and take it again.
inline void release_kernel_lock(const Task& task) {
    if (kernel_lock_detail::needed && task.lock_depth != 0)
        kernel_lock_detail::unlock();
}
inline void reacquire_kernel_lock(const Task& task) {
    if (kernel_lock_detail::needed && task.lock_depth != 0)
        kernel_lock_detail::lock();
}

// Take and release the kernel lock for current. They nest. May spin; no other spin lock may be held at the outermost
// call.
inline void lock_kernel() {
    if (current()->lock_depth++ == 0 && kernel_lock_detail::needed)
        kernel_lock_detail::lock();
}
inline void unlock_kernel() {
    if (--current()->lock_depth == 0 && kernel_lock_detail::needed)
        kernel_lock_detail::unlock();
}

// Holds the kernel lock until the end of the scope.
class [[nodiscard]] KernelLocked {
  public:
    KernelLocked() { lock_kernel(); }
    ~KernelLocked() { unlock_kernel(); }
    KernelLocked(const KernelLocked&) = delete;
    KernelLocked& operator=(const KernelLocked&) = delete;
};

} // namespace faultline
