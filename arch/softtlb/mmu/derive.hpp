// What a changed entry means to a software-filled TLB at once: nothing, because the next miss reads truth. The compiler
// finds <mmu/…> in the folder of the back end, as it finds <arch/…> in the machine's folder
// (arch/walked/mmu/derive.hpp).
#pragma once

#include "arch/contract/mmu.hpp"

namespace faultline::backend {

constexpr void derive(UserAddr, PteSlot*, Pte) {}

// Drops one page from this CPU's TLB. tlb.cpp. (Linux: the same name.)
void local_flush_tlb_page(MmContext& mm, UserAddr address);

// After a fault has installed or changed an entry: loads it in advance. refill.cpp.
void preload(MmContext& mm, UserAddr address, PteSlot* slot);

} // namespace faultline::backend
