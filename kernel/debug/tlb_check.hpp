// Results of the checker of TLB flushes (boot arguments tlb_check=1 and tlb=broken; arch/backend/flush_check.hpp).
#pragma once

#include "base/types.hpp"

namespace faultline {

// Logs what tlb=broken means, if that argument was given. Call it at boot, after the arguments have been read.
void announce_tlb_sabotage();

// Violations since boot. More than 0 only with tlb=broken: without it the first violation is a panic.
u32 tlb_violations();

} // namespace faultline
