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

class CAPABILITY("kernel lock") KernelLock {
  public:
    // Once, before a second CPU starts and anybody holds the lock: until then it costs nothing and does nothing.
    void make_it_work() { needed_ = true; }

    void lock() ACQUIRE() {
        if (current()->lock_depth++ == 0 && needed_)
            take();
    }
    void unlock() RELEASE() {
        if (--current()->lock_depth == 0 && needed_)
            give_up();
    }

  private:
    friend class KernelLockGivenUp;
    void take() ACQUIRE(lock_);
    void give_up() RELEASE(lock_);

    SpinLock lock_{"kernel_lock", lockdep::Kind::GivenUpInSleep};
    bool needed_ = false; // there are several CPUs
};
extern constinit KernelLock kernel_lock;

inline void lock_kernel() ACQUIRE(kernel_lock) { kernel_lock.lock(); }
inline void unlock_kernel() RELEASE(kernel_lock) { kernel_lock.unlock(); }

class [[nodiscard]] SCOPED_CAPABILITY KernelLocked {
  public:
    KernelLocked() ACQUIRE(kernel_lock) { lock_kernel(); }
    ~KernelLocked() RELEASE() { unlock_kernel(); }
    KernelLocked(const KernelLocked&) = delete;
    KernelLocked& operator=(const KernelLocked&) = delete;
};

// schedule()'s: what `task`, which is current, holds is given up for a scope.
class [[nodiscard]] KernelLockGivenUp {
  public:
    explicit KernelLockGivenUp(const Task& task) : task_(task) {
        if (kernel_lock.needed_ && task_.lock_depth != 0)
            kernel_lock.give_up();
    }
    ~KernelLockGivenUp() {
        if (kernel_lock.needed_ && task_.lock_depth != 0)
            kernel_lock.take();
    }
    KernelLockGivenUp(const KernelLockGivenUp&) = delete;
    KernelLockGivenUp& operator=(const KernelLockGivenUp&) = delete;

  private:
    const Task& task_;
};

} // namespace faultline
