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

class CAPABILITY("kernel lock") KernelLock {
  public:
    // Turns the lock on. Call once, before a second CPU starts and before any task holds the lock. Until then it is
    // never taken.
    void make_it_work() { needed_ = true; }

    void lock() ACQUIRE() {
        if (current()->lock_depth++ == 0 && needed_)
            take();
    }
    void unlock() RELEASE() {
        if (--current()->lock_depth == 0 && needed_)
            give_up();
    }

    // Whether another CPU waits for it. Current holds it.
    bool is_wanted() const { return lock_.is_contended(); }

  private:
    friend class KernelLockGivenUp;
    friend class KernelUnlocked;
    void take() ACQUIRE(lock_);
    void give_up() RELEASE(lock_);

    SpinLock lock_{"kernel_lock", lockdep::Kind::GivenUpInSleep};
    bool needed_ = false; // true once there are several CPUs
};
extern constinit KernelLock kernel_lock;

// Take and release the kernel lock for current. They nest. May spin; no other spin lock may be held at the outermost
// call.
inline void lock_kernel() ACQUIRE(kernel_lock) { kernel_lock.lock(); }
inline void unlock_kernel() RELEASE(kernel_lock) { kernel_lock.unlock(); }

// Holds the kernel lock until the end of the scope.
class [[nodiscard]] SCOPED_CAPABILITY KernelLocked {
  public:
    KernelLocked() ACQUIRE(kernel_lock) { lock_kernel(); }
    ~KernelLocked() RELEASE() { unlock_kernel(); }
    KernelLocked(const KernelLocked&) = delete;
    KernelLocked& operator=(const KernelLocked&) = delete;
};

// For schedule(): releases what `task`, which is current, holds, and takes it again at the end of the scope.
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

// For code below a system call that needs no kernel lock and may take long: until the end of the scope current does not
// hold it, however often it has taken it. What the lock guards may change meanwhile, as in a sleep.
class [[nodiscard]] KernelUnlocked {
  public:
    KernelUnlocked() : depth_(current()->lock_depth) {
        current()->lock_depth = 0;
        if (kernel_lock.needed_ && depth_ != 0)
            kernel_lock.give_up();
    }
    ~KernelUnlocked() {
        if (kernel_lock.needed_ && depth_ != 0)
            kernel_lock.take();
        current()->lock_depth = depth_;
    }
    KernelUnlocked(const KernelUnlocked&) = delete;
    KernelUnlocked& operator=(const KernelUnlocked&) = delete;

  private:
    u32 depth_;
};

} // namespace faultline
