// Counted invalidation: what the other files of this back end use of tlb.cpp.
#pragma once

#include "arch/contract/mmu.hpp"

namespace faultline::walked {

// Drops one page of `mm` from this CPU's TLB and counts it.
void invalidate_page_here(MmContext& mm, UserAddr address);

} // namespace faultline::walked
