// Which CPUs may hold translations of an mm, and counting their invalidations. The flushes of both back ends use this.
//
// Only the CPUs in an mm's cpu_mask may hold its translations, tagged with its ASID. A CPU enters the mask before it
// can load a translation of the mm (asid.cpp), and it leaves the mask only together with the ASID. So if a flush finds
// only its own CPU in the mask, it needs no other CPU.
//
// No translation is missed in between. The flushing CPU changes the entry and then reads the mask. The arriving CPU
// sets its bit in the mask and then reads entries. Both have a barrier between their two steps, so at least one of them
// sees the other's change.
#pragma once

#include <atomic>

#include "arch/contract/machine.hpp"
#include "arch/contract/tlb.hpp"

namespace faultline::backend {

inline CpuMask cpus_of(MmContext& mm) { return std::atomic_ref(mm.cpu_mask).load(std::memory_order_relaxed); }
inline Asid asid_of(MmContext& mm) { return std::atomic_ref(mm.asid).load(std::memory_order_relaxed); }

inline CpuMask this_cpu_only() { return CpuMask::of(machine::this_cpu()); }

inline bool may_be_held_elsewhere(MmContext& mm) { return !(cpus_of(mm) - this_cpu_only()).empty(); }

// The CPUs that a flush must reach. With tlb=broken it leaves out the other CPUs.
inline CpuMask cpus_to_flush(MmContext& mm) {
    const CpuMask cpus = cpus_of(mm);
    return tlb_config.broken ? cpus & this_cpu_only() : cpus;
}

// Count invalidations, for tlb_generation(): on this CPU only, and on several.
inline void count_local_flush(MmContext& mm) { ++mm.local_flushes[machine::this_cpu().value()]; }
inline void count_flush(MmContext& mm, CpuMask cpus) {
    for (const u32 cpu : cpus)
        std::atomic_ref(mm.flushes[cpu]).fetch_add(1, std::memory_order_relaxed);
}

} // namespace faultline::backend
