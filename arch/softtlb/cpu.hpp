// The data that this back end keeps for each CPU.
#pragma once

#include <array>
#include <atomic>

#include "arch/contract/machine.hpp"
#include "arch/softtlb/cpu_tlb.hpp"

namespace faultline::softtlb {

// Each CPU's data is on cache lines of its own. Only its own CPU accesses it, with interrupts masked, with two
// exceptions: any CPU may write `must_drop_all`, and any CPU may read the statistics.
struct alignas(L1_CACHE_BYTES) Cpu {
    const MmContext* mm = nullptr; // the address space in use; nullptr: none
    TlbStatistics statistics;
    std::atomic<bool> must_drop_all{false}; // a new ASID generation has begun: drop everything at the next switch
    CpuTlb tlb;                             // last, because it is large
};

extern constinit std::array<Cpu, machine::MAX_CPUS> cpus; // address_space.cpp

// The compiler must not see that this is a place in an array: it would compute the place anew for each member.
inline Cpu& this_cpu() {
    Cpu* cpu = &cpus[machine::this_cpu().value()];
    asm("" : "+r"(cpu));
    return *cpu;
}

// Adds one to a counter of this CPU's statistics.
inline void count(u32& counter) { std::atomic_ref(counter).store(counter + 1, std::memory_order_relaxed); }

} // namespace faultline::softtlb
