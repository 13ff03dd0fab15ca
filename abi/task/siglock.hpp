// siglock guards what interrupt handlers share with tasks: pending signals and handlers, the lists of processes and
// threads, the table of ids, interval timers. Timers send signals from interrupts, so it is held with interrupts
// masked. (Linux: sighand->siglock of each process, and tasklist_lock. Here one lock serves all processes.)
//
// Data that changes only with the kernel lock held as well may be read with the kernel lock alone.
#pragma once

#include "kernel/sched/irq_lock.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

extern constinit RecursiveSpinLock siglock;

// Holds siglock, with interrupts masked, until the end of the scope. It nests.
class [[nodiscard]] SigLocked {
  public:
    SigLocked() : held_(siglock) {}

  private:
    IrqLocked<RecursiveSpinLock> held_;
};

// Holds both locks that a change to the table of ids needs: tasklist_lock, because futexes look for the owner of a PI
// lock under it, and siglock, because interrupt handlers search the table. tasklist_lock is the outer one: futexes hold
// it with interrupts on, and an interrupt handler may take siglock meanwhile.
class [[nodiscard]] TaskListLocked {
  public:
    TaskListLocked() : tasks_(tasklist_lock) {}

  private:
    Guard<SpinLock> tasks_;
    SigLocked signals_;
};

} // namespace faultline
