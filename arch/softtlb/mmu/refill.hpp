// The TLB miss handler. It runs between the exception vector and the fault path.
#pragma once

#include "arch/contract/fault_info.hpp"

namespace faultline {

// Returns true if the fault was only a TLB miss and the translation is now loaded; the access is then made again. With
// ad_bits=hardware also if only a bit had to be set, or if the TLB's entry was older than truth. The machine calls it before
// it reports the fault to the kernel, with interrupts masked. Page faults may be disabled, and spin locks may be held.
bool refill_tlb(FaultInfo fault);

} // namespace faultline
