// The lock around signals, and around the family of tasks as far as interrupts look at it: pending signals and
// handlers, process and thread lists, the table of ids, interval timers. Timers send signals from interrupts; so it is
// held with interrupts masked. (Linux: sighand->siglock of each process, and tasklist_lock; here one for all.)
//
// What is only ever touched under the kernel lock too may be read with that alone.
#pragma once

#include "kernel/sched/irq_lock.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

extern constinit RecursiveSpinLock siglock;

class [[nodiscard]] SigLocked {
  public:
    SigLocked() : held_(siglock) {}

  private:
    IrqLocked<RecursiveSpinLock> held_;
};

// Around what changes the table of ids: for interrupt handlers, and for futexes (tasklist_lock). In this order: a task that
// looks for the owner of a PI lock holds tasklist_lock with interrupts on.
class [[nodiscard]] TaskListLocked {
  public:
    TaskListLocked() : tasks_(tasklist_lock) {}

  private:
    Guard<SpinLock> tasks_;
    SigLocked signals_;
};

} // namespace faultline
