// A walker serves its misses itself.
#pragma once

#include "arch/contract/fault_info.hpp"

namespace faultline {

// Whether a fault was only a TLB miss, and software has loaded the translation: the access is to be made again.
// Called by the machine before anybody else hears of the fault.
constexpr bool refill_tlb(const FaultInfo&) { return false; }

} // namespace faultline
