// Device interrupts through the GICv2 (ARM IHI 0048B).
#pragma once

#include "base/types.hpp"

namespace faultline {

struct PtRegs; // <arch/ptrace.hpp>

// A handler runs with interrupts masked, on the kernel stack of the interrupted code. It must not sleep.
using InterruptHandler = void (*)(void* argument);

// INTIDs are the GIC's: SGIs are 0 – 15 and PPIs 16 – 31, and every CPU has its own; SPIs begin at 32.
inline constexpr u32 MAX_INTID = 288;

// Makes `handler` the handler of `intid` (below MAX_INTID) and enables the interrupt: an SPI at CPU 0, an SGI or PPI at
// this CPU and at every CPU that is started later. Panics if `intid` is out of range or already has a handler.
// `name` is for /proc/interrupts, and must stay.
void request_irq(u32 intid, InterruptHandler handler, void* argument, const char* name);

// For /proc/interrupts: the name of an interrupt's handler, nullptr without one; and how often a CPU has called it.
const char* interrupt_name(u32 intid);
u32 interrupt_count(u32 intid, u32 cpu);

// Mask and unmask one interrupt at the distributor. An interrupt that arrives while it is masked stays pending.
void disable_irq(u32 intid);
void enable_irq(u32 intid);

// Whether the caller is in an interrupt handler on this CPU.
bool in_interrupt();

// Whether the handler that runs on this CPU interrupted user mode. Call only from a handler.
bool interrupted_user_mode();

// What the moments of a CPU's interrupts have mixed so far, for the random generator. Another CPU may change it
// meanwhile.
struct InterruptNoise {
    u32 words[4] = {};
};
InterruptNoise interrupt_noise(u32 cpu);

// The registers of the code that the handler interrupted; nullptr if no handler runs on this CPU.
const PtRegs* interrupted_registers();

} // namespace faultline
