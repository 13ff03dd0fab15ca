// Time of the machine.
#pragma once

#include "base/types.hpp"

namespace faultline {

// Nanoseconds since boot, never going back. Callable anywhere. (ARM ARM B8.1: CNTVCT over CNTFRQ.)
u64 clock_ns();

// Arms this CPU's one-shot timer: timer_interrupt() is called at `deadline` (clock_ns() time; at once if past).
// Replaces the earlier deadline; ~u64{0} disarms.
void set_next_event(u64 deadline_ns);

// Instructions executed since boot if the machine counts them (QEMU -icount shift=0: one virtual ns each), else
// nanoseconds: what "per round" figures are measured in.
u64 cycle_counter();

} // namespace faultline
