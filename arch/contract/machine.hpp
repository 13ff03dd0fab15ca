// The primitives below the back ends: calls to other CPUs, and the tables that a CPU uses. With <arch/translation.hpp>, stores
// that a table walker sees and TLB maintenance, they are all that a back end knows of the machine. arch/arm implements
// them with cp15 operations, arch/model with modelled TLBs.
#pragma once

#include "base/concurrency.hpp"
#include "base/cpu_mask.hpp"
#include "base/irqs_masked.hpp"
#include "base/types.hpp"

namespace faultline::machine {

inline constexpr u32 MAX_CPUS = 8;

// The CPU that executes this call. The answer is stable only while the caller cannot move: interrupts masked, or no
// sleep.
inline CpuId this_cpu() { return CpuId(static_cast<u8>(smp_processor_id())); }

// Sets this CPU's TTBR0 to `directory` (physical, 8 KiB-aligned, for TTBCR.N = 1) and the ASID in CONTEXTIDR to `asid`.
// No walk combines the old value of one with the new value of the other (ARM ARM B3.10.4). All CPUs see the stores made
// before this call before this CPU walks the new directory.
void set_translation_table(PhysAddr directory, Asid asid) REQUIRES(irqs_masked);

// An empty directory (physical address), for a CPU that runs no task: every user address faults.
PhysAddr empty_directory();

// Runs function(argument) on every CPU of the mask `cpus` (bit n: CPU n; without this CPU) and returns when all of them
// have finished. The function runs with interrupts masked. (Linux: smp_call_function_many with wait.)
//
// A task may call it, holding any locks. An interrupt handler may not, and neither may `function`. The call always
// ends: a CPU with interrupts on answers at once; a CPU with interrupts masked either unmasks them soon or waits in
// spin_until(), which answers too. The function can therefore run in the middle of any wait for a lock. It may touch
// only data that belongs to its CPU and that is not in use during such a wait, such as the TLB.
void smp_call_function_many(CpuMask cpus, void (*function)(void*), void* argument);

} // namespace faultline::machine
