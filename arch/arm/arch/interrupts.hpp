// Device interrupts through the GICv2 (ARM IHI 0048B).
#pragma once

#include "base/types.hpp"

namespace faultline {

struct PtRegs; // <arch/ptrace.hpp>

// Called with interrupts masked, on the kernel stack of whatever was interrupted. Must not sleep.
using InterruptHandler = void (*)(void* argument);

// INTIDs as the GIC counts them: SGIs 0 – 15 and PPIs 16 – 31, which each CPU has for itself, SPIs from 32.
inline constexpr u32 MAX_INTID = 288;

// Makes `handler` the one for `intid` (below MAX_INTID) and enables it: an SPI at CPU 0, what each CPU has for itself
// at this one and at those that are started later. Panics if it has one already.
void request_irq(u32 intid, InterruptHandler handler, void* argument);

// Masks and unmasks one interrupt at the distributor; one that comes while masked stays pending.
void disable_irq(u32 intid);
void enable_irq(u32 intid);

bool in_interrupt();                   // called from a handler, on this CPU
bool interrupted_user_mode();          // then: what it interrupted
const PtRegs* interrupted_registers(); // and its registers; nullptr: not called from a handler

} // namespace faultline
