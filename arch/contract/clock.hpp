// Time of the machine.
#pragma once

#include "base/types.hpp"

namespace faultline {

// Nanoseconds since boot, never going back. Callable anywhere. (ARM ARM B8.1: CNTVCT over CNTFRQ.)
u64 clock_ns();

// Arms this CPU's one-shot timer: timer_interrupt() is called at `deadline` (clock_ns() time; at once if past).
// Replaces the earlier deadline; ~u64{0} disarms.
void set_next_event(u64 deadline_ns);

// Instructions executed on this CPU so far, modulo 2^32, if the machine counts them; else always 0. (ARM ARM C12.8.2,
// event INST_RETIRED, which QEMU counts only under -icount.)
u32 instructions_retired();

} // namespace faultline
