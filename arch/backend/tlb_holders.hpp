// Who may hold translations of an mm, and counting that they were dropped: what both back ends' flushes begin and
// end with.
//
// Only CPUs in its cpu_mask may, under its ASID. A CPU enters the mask before it can load anything of the mm
// (asid.cpp), and leaves it only with the ASID. So a flush that finds this CPU alone in the mask stays on this
// CPU. No translation slips through between: the flusher changes the entry, then reads the mask; the CPU that
// arrives sets its bit, then reads entries; a barrier stands between on both sides, so one of them sees the
// other.
#pragma once

#include <atomic>
#include <bit>

#include "arch/contract/machine.hpp"
#include "arch/contract/tlb.hpp"

namespace faultline::backend {

constexpr u32 bit(CpuId cpu) { return 1u << cpu.value(); }

inline u32 cpus_of(MmContext& mm) { return std::atomic_ref(mm.cpu_mask).load(std::memory_order_relaxed); }
inline Asid asid_of(MmContext& mm) { return std::atomic_ref(mm.asid).load(std::memory_order_relaxed); }

inline bool may_be_held_elsewhere(MmContext& mm) { return (cpus_of(mm) & ~bit(machine::this_cpu())) != 0; }

// Those that a flush has to reach. Sabotaged, it forgets the others.
inline u32 cpus_to_flush(MmContext& mm) {
    const u32 cpus = cpus_of(mm);
    return tlb_config.broken ? cpus & bit(machine::this_cpu()) : cpus;
}

// For tlb_generation().
inline void count_invalidation(MmContext& mm, u32 cpu) {
    std::atomic_ref(mm.tlb_generation[cpu]).fetch_add(1, std::memory_order_relaxed);
}
inline void count_invalidations(MmContext& mm, u32 cpus) {
    for (; cpus != 0; cpus &= cpus - 1)
        count_invalidation(mm, static_cast<u32>(std::countr_zero(cpus)));
}

} // namespace faultline::backend
