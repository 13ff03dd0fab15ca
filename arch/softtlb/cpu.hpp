// What the back end keeps for each CPU.
#pragma once

#include <array>
#include <atomic>

#include "arch/contract/machine.hpp"
#include "arch/softtlb/cpu_tlb.hpp"

namespace faultline::softtlb {

// On cache lines of its own. All but `must_drop_all` is its CPU's alone, with interrupts masked; its statistics others may
// read at any time.
struct alignas(64) Cpu {
    CpuTlb tlb;
    const MmContext* mm = nullptr; // translated through; nullptr: none
    TlbStatistics statistics;
    std::atomic<bool> must_drop_all{false}; // at the next switch: the ASIDs have begun a new generation
};

extern constinit std::array<Cpu, machine::MAX_CPUS> cpus; // address_space.cpp

inline Cpu& this_cpu() { return cpus[machine::this_cpu().value()]; }

// One more, of this CPU's statistics.
inline void count(u32& counter) { std::atomic_ref(counter).store(counter + 1, std::memory_order_relaxed); }

} // namespace faultline::softtlb
