// What a changed entry means to a TLB filled by software at once: nothing. Truth is asked at the next miss. <mmu/…> is
// found in the back end's own folder, as <arch/…> is in the machine's (arch/walked/mmu/derive.hpp).
#pragma once

#include "arch/contract/page_table.hpp"

namespace faultline::backend {

constexpr void derive(PteSlot*, Pte) {}

} // namespace faultline::backend
