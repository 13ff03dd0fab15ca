// Calls to the firmware, which controls the power of the CPUs and of the machine (ARM DEN 0022, PSCI 0.2).
#pragma once

#include <arch/boot_info.hpp>

namespace faultline {

inline constexpr u32 PSCI_CPU_ON = 0x84000003;
inline constexpr u32 PSCI_SYSTEM_OFF = 0x84000008;
inline constexpr s32 PSCI_SUCCESS = 0;

// Calls PSCI `function` and returns its result. The call is an HVC, or an SMC if the device tree says so (binding
// arm/psci.yaml, "method"). Callable anywhere once boot_info() is complete.
inline s32 psci_call(u32 function, u32 argument1 = 0, u32 argument2 = 0, u32 argument3 = 0) {
    const bool by_smc = boot_info().psci_by_smc; // read before the register variables hold their values
    register u32 r0 asm("r0") = function;
    register u32 r1 asm("r1") = argument1;
    register u32 r2 asm("r2") = argument2;
    register u32 r3 asm("r3") = argument3;
    if (by_smc)
        asm volatile(".arch_extension sec\n\tsmc #0" : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3)::"memory");
    else
        asm volatile(".arch_extension virt\n\thvc #0" : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3)::"memory");
    return static_cast<s32>(r0);
}

} // namespace faultline
