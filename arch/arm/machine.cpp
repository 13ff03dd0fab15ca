// The machine primitives of arch/contract/machine.hpp as cp15 operations (ARM ARM B3.18.7, B4.2.2).
#include "arch/contract/machine.hpp"

#include <arch/processor.hpp>

#include "arch/arm/layout.h"
#include "arch/armv7/registers.hpp"
#include "arch/contract/memory.hpp"

namespace faultline {

namespace {
inline void isb() { asm volatile("isb" ::: "memory"); }
inline void set_ttbr0(PhysAddr directory) {
    asm volatile("mcr p15, 0, %0, c2, c0, 0" ::"r"(directory.value() | armv7::TTBR_WALK_ATTRIBUTES) : "memory");
}
inline void set_contextidr(Asid asid) {
    asm volatile("mcr p15, 0, %0, c13, c0, 1" ::"r"(u32{asid.value()}) : "memory");
}
} // namespace

// The second method of ARM ARM B3.10.4: switch through a table without user translations. So the new ASID is never in
// use together with the old directory, or the old ASID with the new directory.
void machine::set_translation_table(PhysAddr directory, Asid asid) {
    asm volatile("dsb ishst" ::: "memory"); // other CPUs see the stores made so far before this CPU walks the table
    set_ttbr0(empty_directory());
    isb();
    set_contextidr(asid);
    isb();
    set_ttbr0(directory);
    isb();
}

bool tlb_can_reach(Pfn) { return false; }

// Cleans the data cache to the point of unification, then invalidates the instruction cache, line by line (B2.2.9).
// Both kinds of line have the same length.
void flush_icache_range(const void* start, u32 bytes) {
    constexpr u32 LINE = L1_CACHE_BYTES;
    const u32 first = reinterpret_cast<u32>(start) & ~(LINE - 1);
    const u32 end = reinterpret_cast<u32>(start) + bytes;
    for (u32 line = first; line < end; line += LINE)
        asm volatile("mcr p15, 0, %0, c7, c11, 1" ::"r"(line) : "memory"); // DCCMVAU
    asm volatile("dsb ish" ::: "memory");
    for (u32 line = first; line < end; line += LINE)
        asm volatile("mcr p15, 0, %0, c7, c5, 1" ::"r"(line) : "memory"); // ICIMVAU
    asm volatile("mcr p15, 0, %0, c7, c1, 6\n\t"                          // BPIALLIS
                 "dsb ish\n\t"
                 "isb" ::"r"(0)
                 : "memory");
}

void* phys_to_virt(PhysAddr address) { return reinterpret_cast<void*>(address.value() + VIRT_TO_PHYS_DELTA); }
PhysAddr virt_to_phys(const void* pointer) { return PhysAddr(reinterpret_cast<u32>(pointer) - VIRT_TO_PHYS_DELTA); }

} // namespace faultline
