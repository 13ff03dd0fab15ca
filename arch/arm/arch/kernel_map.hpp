// The kernel's own translations, for reports. (mm/ knows only the translations of tasks.)
#pragma once

#include "arch/contract/mmu.hpp"

namespace faultline {

// The raw descriptors that map `address` in the upper half (TTBR1); 0 where there is none. For reports only.
HardwareDescriptor kernel_hardware_descriptor(u32 address);

} // namespace faultline
