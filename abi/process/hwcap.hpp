// The features of the CPU that programs may use: AT_HWCAP, and the Features line of /proc/cpuinfo.
#pragma once

#include <asm/hwcap.h>

#include "base/types.hpp"

namespace faultline {

// The features of a Cortex-A15 whose registers this kernel saves (ARM ARM, ID_ISAR0 – 4 and MVFR0 – 1). HWCAP_SWP is
// missing: the SWP instruction is disabled.
inline constexpr u32 ELF_HWCAP = HWCAP_HALF | HWCAP_THUMB | HWCAP_FAST_MULT | HWCAP_EDSP | HWCAP_VFP | HWCAP_VFPv3 |
                                 HWCAP_VFPv4 | HWCAP_VFPD32 | HWCAP_NEON | HWCAP_TLS | HWCAP_IDIVA | HWCAP_IDIVT |
                                 HWCAP_LPAE;

} // namespace faultline
