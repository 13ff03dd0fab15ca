// The running task of this CPU. It is kept in TPIDRPRW (ARM ARM B4.1.149), which user mode cannot read.
#pragma once

namespace faultline {

struct Task;

// The running task; nullptr until the scheduler has started on this CPU. Callable anywhere.
inline Task* current() {
    Task* task;
    asm volatile("mrc p15, 0, %0, c13, c0, 4" : "=r"(task));
    return task;
}

// The scheduler calls this just before switch_to(), with interrupts masked.
inline void set_current(Task* task) { asm volatile("mcr p15, 0, %0, c13, c0, 4" ::"r"(task) : "memory"); }

} // namespace faultline
