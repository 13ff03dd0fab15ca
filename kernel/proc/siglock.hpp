// The lock around signals, and around the family of tasks as far as interrupts look at it: pending signals and
// handlers, process and thread lists, the table of ids, interval timers. Timers send signals from interrupts; so it is
// held with interrupts masked. (Linux: sighand->siglock of each process, and tasklist_lock; here one for all.)
//
// What is only ever touched under the kernel lock too may be read with that alone.
#pragma once

#include "kernel/sched/irq_lock.hpp"

namespace faultline {

extern constinit RecursiveSpinLock siglock; // signal_queue.cpp

class [[nodiscard]] SigLocked {
  public:
    SigLocked() : held_(siglock) {}

  private:
    IrqLocked<RecursiveSpinLock> held_;
};

} // namespace faultline
