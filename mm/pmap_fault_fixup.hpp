// fault_in=trap: the repair inside the abort handler, as the BSD pmaps make it. The road that Linux rejected.
#pragma once

#include "arch/contract/fault_info.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

// Repairs an entry whose own bits already permit the access, but whose age, cleanness or staleness in this CPU's TLB
// denied it. Returns whether it did. Touches no VMA and never sleeps, so it may run with page faults disabled.
// (NetBSD sys/arch/arm/arm32/pmap.c, the same name.)
bool pmap_fault_fixup(MmStruct& mm, UserAddr address, const FaultInfo& fault);

} // namespace faultline
