// The running task of this CPU, kept in TPIDRPRW (ARM ARM B4.1.149), which user mode cannot see.
#pragma once

namespace faultline {

struct Task;

Task* current();              // nullptr until the scheduler is up
void set_current(Task* task); // by the scheduler, interrupts masked, just before switch_to()

} // namespace faultline
