// Device interrupts through the GICv2 (ARM IHI 0048B).
#pragma once

#include "base/types.hpp"

namespace faultline {

// Called with interrupts masked, on the kernel stack of whatever was interrupted. Must not sleep.
using InterruptHandler = void (*)(void* argument);

// INTIDs as the GIC counts them: PPIs 16 – 31, SPIs from 32.
inline constexpr u32 MAX_INTID = 288;

// Makes `handler` the one for `intid` (below MAX_INTID) and enables it, at CPU 0. Panics if it has one
// already.
void request_irq(u32 intid, InterruptHandler handler, void* argument);

// Masks and unmasks one interrupt at the distributor; one that comes while masked stays pending.
void disable_irq(u32 intid);
void enable_irq(u32 intid);

bool in_interrupt();          // called from a handler
bool interrupted_user_mode(); // then: what it interrupted

} // namespace faultline
