// The machine's clock and its one-shot timers.
#pragma once

#include "base/irqs_masked.hpp"
#include "base/types.hpp"

namespace faultline {

// Nanoseconds since boot. The value never decreases. Callable anywhere. (ARM ARM B8.1: CNTVCT divided by CNTFRQ.)
u64 clock_ns();

// Arms this CPU's one-shot timer: timer_interrupt() runs on this CPU when clock_ns() reaches `deadline_ns`, or at once
// if that time has passed. The new deadline replaces the earlier one; ~u64{0} disarms the timer.
void set_next_event(u64 deadline_ns) REQUIRES(irqs_masked);

// The number of instructions that this CPU has executed, modulo 2^32. Always 0 on a machine that does not count them.
// (ARM ARM C12.8.2, event INST_RETIRED, which QEMU counts only under -icount.) Callable anywhere.
u32 instructions_retired();

} // namespace faultline
