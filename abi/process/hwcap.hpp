// What the processor offers programs: AT_HWCAP, and the Features line of /proc/cpuinfo.
#pragma once

#include <asm/hwcap.h>

#include "base/types.hpp"

namespace faultline {

// What a Cortex-A15 has and this kernel saves (ARM ARM, ID_ISAR0 – 4 and MVFR0 – 1). No SWP: the CPU has it
// switched off.
inline constexpr u32 ELF_HWCAP = HWCAP_HALF | HWCAP_THUMB | HWCAP_FAST_MULT | HWCAP_EDSP | HWCAP_VFP | HWCAP_VFPv3 |
                                 HWCAP_VFPv4 | HWCAP_VFPD32 | HWCAP_NEON | HWCAP_TLS | HWCAP_IDIVA | HWCAP_IDIVT |
                                 HWCAP_LPAE;

} // namespace faultline
