// The TLB miss handler, between the vector and the fault path.
#pragma once

#include "arch/contract/fault_info.hpp"

namespace faultline {

// Whether a fault was only a TLB miss, and the translation is loaded now: the access is to be made again. Called by the
// machine before anybody else hears of the fault, interrupts masked; page faults may be disabled, spin locks held.
bool refill_tlb(const FaultInfo& fault);

} // namespace faultline
