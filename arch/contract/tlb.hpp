// Configuration, statistics and checks of TLBs, beside the hooks of mmu.hpp. A back end defines them.
#pragma once

#include "arch/contract/mmu.hpp"

namespace faultline {

// Which TLBs drop a page when its entry is *relaxed* (ptep_set_access_flags). When a permission is taken away, all do.
enum class TlbRelax : u8 {
    Lazy,  // this CPU's; another CPU that still holds the old entry takes a spurious fault (docs/backends.md)
    Eager, // every CPU's
};

// Who sets young and dirty.
enum class AdBits : u8 {
    Software, // the fault handler: an access that has a bit to set faults, as on ARMv7
    Hardware, // the machine, at the access, whether or not page faults are disabled: as on x86, and ARMv8.1 with FEAT_HAFDBS
};

// Boot arguments, set before the first mmu_init_cpu(). Each back end has its own defaults.
struct TlbConfig {
    TlbRelax relax; // tlb=lazy|eager
    u32 entries;    // tlb_entries=N: entries in each CPU's software-filled TLB. 0: the hardware fills the TLB
    AdBits ad_bits = AdBits::Software; // ad_bits=software|hardware. Hardware: only if software fills the TLB
    bool broken = false;               // tlb=broken, sabotage: a flush reaches only the CPU that makes it
    bool check = false; // tlb_check=1, and with tlb=broken: each flush is followed by a check of its law on each CPU
};
extern constinit TlbConfig tlb_config;

// The range of tlb_entries=. One instruction can need four pages at once, because it and its operand may each cross a
// page boundary. The upper limit is the size of an e500's TLB0 (PowerPC e500 Core Family Reference Manual, 12.3.2).
inline constexpr u32 MIN_TLB_ENTRIES = 8, MAX_TLB_ENTRIES = 512;

// The entry as this machine obeys it: what the law says of the result, the access may do without a fault.
inline Pte pte_obeyed(Pte pte, bool write) {
    return tlb_config.ad_bits == AdBits::Hardware ? pte_accessed(pte, write) : pte;
}

// The back end's name, as in the option --mmu.
const char* mmu_name();

// Prepares this CPU for its first switch_mm(); its TLB is empty afterwards. Called once on each CPU, when pages can be
// allocated. Panics if memory is exhausted.
void mmu_init_cpu() REQUIRES(irqs_masked);

// Drops everything of `mm` from this CPU's TLB only (Linux arch/arm/include/asm/tlbflush.h). No lock needed. The
// scheduler calls it when a task arrives on this CPU: entries that are left from an earlier visit may permit less than
// truth, and moving a task must not cause spurious faults.
void local_flush_tlb_mm(MmContext& mm);

// Events in one CPU's software-filled TLB since boot, each counted modulo 2^32.
struct TlbStatistics {
    u32 fills = 0;      // entries loaded from truth, at a miss or in advance
    u32 survivors = 0;  // misses that found their entry in the TLB, from before a context switch
    u32 evictions = 0;  // entries replaced by others
    u32 spurious = 0;   // faults caused only by an entry older than truth
    u32 flushes = 0;    // flushes that this CPU asked for
    u32 shootdowns = 0; // flushes that other CPUs asked this one for
};
// Stores the statistics of `cpu` (below MAX_CPUS) in `statistics`. Returns false if that CPU does not run, or if a
// walker fills its TLB, which is not counted. Callable anywhere.
bool tlb_statistics(CpuId cpu, TlbStatistics& statistics);

// One entry of a CPU's software-filled TLB, for checkers: the CPU will use it without reading truth. `index` is below
// tlb_config.entries. A descriptor of 0 means that the entry is empty.
struct TlbSlot {
    UserAddr page;
    Asid asid;
    u32 descriptor = 0;
};
TlbSlot tlb_slot(CpuId cpu, u32 index);

// Whether the ASID of `mm` is of the current generation. If not, TLB entries with that ASID belong to another mm.
bool asid_is_current(const MmContext& mm);

} // namespace faultline
