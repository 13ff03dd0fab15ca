// The running task of this CPU, kept in TPIDRPRW (ARM ARM B4.1.149), which user mode cannot see.
#pragma once

namespace faultline {

struct Task;

// nullptr until the scheduler is up.
inline Task* current() {
    Task* task;
    asm volatile("mrc p15, 0, %0, c13, c0, 4" : "=r"(task));
    return task;
}

// By the scheduler, interrupts masked, just before switch_to().
inline void set_current(Task* task) { asm volatile("mcr p15, 0, %0, c13, c0, 4" ::"r"(task) : "memory"); }

} // namespace faultline
