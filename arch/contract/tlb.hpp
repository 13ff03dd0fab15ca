// What can be chosen, asked and checked about TLBs, beside the hooks of mmu.hpp. A back end defines it.
#pragma once

#include "arch/contract/mmu.hpp"

namespace faultline {

// Which TLBs let go of a page whose entry was *relaxed* (ptep_set_access_flags). Taking a permission away always
// reaches all of them.
enum class TlbRelax : u8 {
    Lazy,  // this CPU's; another one that still holds less takes a spurious fault (docs/backends.md)
    Eager, // every CPU's
};

// Boot arguments, set before the first mmu_init_cpu(); each back end has its own defaults.
struct TlbConfig {
    TlbRelax relax;      // tlb=lazy|eager
    u32 entries;         // tlb_entries=N: of each CPU's table. 0: the walker's TLB is the machine's own affair
    bool broken = false; // tlb=broken, sabotage: flushes forget all CPUs but their own
    bool check = false;  // tlb_check=1, and with sabotage: after every flush its law is checked on each CPU
};
extern constinit TlbConfig tlb_config;

// What tlb_entries= may say. One instruction may need four pages at once: itself and its operand may each lie across
// two. At most: an e500's TLB0 (PowerPC e500 Core Family Reference Manual, 12.3.2).
inline constexpr u32 MIN_TLB_ENTRIES = 8, MAX_TLB_ENTRIES = 512;

// The back end's name: what --mmu calls it.
const char* mmu_name();

// Prepares this CPU for its first switch_mm(), beginning with an empty TLB. Once per CPU, when pages can be
// allocated, interrupts masked. Panics if there is no memory.
void mmu_init_cpu();

// Drops a page, or everything, of `mm` from this CPU's TLB only (Linux arch/arm/include/asm/tlbflush.h). No lock
// needed. A CPU that takes over a task calls the second: what it holds of the task's mm from earlier days may permit
// less than truth, and the task is not to be surprised by that for having moved.
void local_flush_tlb_page(MmContext& mm, UserAddr address);
void local_flush_tlb_mm(MmContext& mm);

// What a CPU's software-filled TLB went through since boot, each modulo 2^32.
struct TlbStatistics {
    u32 fills = 0;      // entries made from truth: misses, and what update_mmu_cache() loaded in advance
    u32 survivors = 0;  // misses that found their entry still there, from before a context switch
    u32 evictions = 0;  // entries that gave way to others
    u32 spurious = 0;   // faults for which only an entry older than truth was to blame
    u32 flushes = 0;    // asked for by this CPU
    u32 shootdowns = 0; // asked for by others
};
// False: there is no such CPU, or its TLB is filled by a walker, and nobody counts.
bool tlb_statistics(CpuId cpu, TlbStatistics& statistics);

// One entry of a CPU's software-filled TLB, for checkers: it will be used without asking truth. `index` below
// tlb_config.entries; descriptor 0: there is none.
struct TlbSlot {
    UserAddr page;
    Asid asid;
    u32 descriptor = 0;
};
TlbSlot tlb_slot(CpuId cpu, u32 index);

// Whether `mm`'s ASID is still its own. If not, what a TLB holds under that ASID belongs to another.
bool asid_is_current(const MmContext& mm);

} // namespace faultline
