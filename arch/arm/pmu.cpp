// The performance monitors (ARM ARM C12): one counter, which counts executed instructions.
#include "arch/arm/setup.hpp"
#include "arch/contract/clock.hpp"

namespace faultline {

namespace {

constexpr u32 PMCR_E = 1;          // counters run
constexpr u32 INST_RETIRED = 0x08; // event number, C12.8.2
constexpr u32 COUNTER = 0;

} // namespace

void pmu_init_cpu() {
    asm volatile("mcr p15, 0, %0, c9, c12, 5\n\tisb" ::"r"(COUNTER)); // PMSELR
    asm volatile("mcr p15, 0, %0, c9, c13, 1" ::"r"(INST_RETIRED));   // PMXEVTYPER
    asm volatile("mcr p15, 0, %0, c9, c12, 1" ::"r"(1u << COUNTER));  // PMCNTENSET
    asm volatile("mcr p15, 0, %0, c9, c12, 0\n\tisb" ::"r"(PMCR_E));  // PMCR
}

u32 instructions_retired() {
    u32 count;
    asm volatile("mrc p15, 0, %0, c9, c13, 2" : "=r"(count)); // PMXEVCNTR of the selected counter
    return count;
}

} // namespace faultline
