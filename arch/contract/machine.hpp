// The primitives below the back ends: stores that a table walker sees, TLB maintenance, and calls to other CPUs. The only
// place where a back end touches a machine; arch/arm issues the cp15 operations, arch/model acts on modelled TLBs.
#pragma once

#include "base/types.hpp"

namespace faultline::machine {

inline constexpr u32 MAX_CPUS = 8;

CpuId this_cpu();

// Stores one translation-table descriptor so that the walkers of all CPUs see it (DSB ISHST; ARM ARM
// B3.10.1).
void store_descriptor(u32* slot, u32 descriptor);

// Invalidations; complete on return (DSB ISH; ISB). `inner_shareable` ones act on every CPU, the others on
// this one.
void tlb_invalidate_mva(UserAddr page, Asid asid);                 // TLBIMVA
void tlb_invalidate_mva_inner_shareable(UserAddr page, Asid asid); // TLBIMVAIS
void tlb_invalidate_asid(Asid asid);                               // TLBIASID
void tlb_invalidate_asid_inner_shareable(Asid asid);               // TLBIASIDIS
void tlb_invalidate_all();                                         // TLBIALL
void tlb_invalidate_all_inner_shareable();                         // TLBIALLIS

// Makes `directory` (physical, 8 KiB-aligned, TTBCR.N = 1) this CPU's TTBR0 with `asid` in CONTEXTIDR, such
// that no walk mixes the old with the new (ARM ARM B3.10.4). Stores made before are visible to all CPUs
// before its first walk.
void set_translation_table(PhysAddr directory, Asid asid);

// A directory without any translation, for a CPU that runs no task.
PhysAddr empty_directory();

// Runs function(argument) on each CPU of the mask `cpus`, which does not name this one, interrupts masked there;
// returns when all have done so. (Linux: smp_call_function_many with wait.)
//
// Who may call it: a task, whatever locks it holds; not an interrupt handler, nor such a function. Nobody waits for ever:
// a CPU that takes interrupts answers at once, and one that has masked them either will not for long, or waits in
// spin_until(), which answers too. So the functions run in the midst of whatever waits there, and may touch
// nothing but what is this CPU's own and is not in use while it waits: its TLB.
void smp_call_function_many(u32 cpus, void (*function)(void*), void* argument);

} // namespace faultline::machine
