// What the checker of TLB flushes found (boot arguments tlb_check=1 and tlb=broken; arch/backend/flush_check.hpp).
#pragma once

#include "base/types.hpp"

namespace faultline {

// Says in the log what tlb=broken means; nothing if the TLBs are whole. At boot, when the arguments are read.
void announce_tlb_sabotage();

// Violations since boot. Other than zero only with tlb=broken: in a kernel that means well the first is a panic.
u32 tlb_violations();

} // namespace faultline
