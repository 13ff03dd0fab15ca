// fault_in=trap: the repair inside the abort handler, as the BSD pmaps make it. The road that Linux rejected.
#pragma once

#include "arch/contract/fault_info.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

// Repairs an entry whose rights permit the access, which was denied because the entry is old or clean, or stale in this
// CPU's TLB. Returns whether it did. Touches no VMA and never sleeps, so it may run with page faults disabled. (NetBSD
// sys/arch/arm/arm32/pmap.c, the same name.)
bool pmap_fault_fixup(MmStruct& mm, UserAddr address, FaultInfo fault);

} // namespace faultline
