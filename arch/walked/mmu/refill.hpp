// The TLB miss handler of this back end: none is needed, because the walker serves its own misses.
#pragma once

#include "arch/contract/fault_info.hpp"

namespace faultline {

// Returns true if the fault was only a TLB miss and software has loaded the translation; the access is then made again.
// The machine calls it before it reports the fault to the kernel.
constexpr bool refill_tlb(FaultInfo) { return false; }

} // namespace faultline
