// Address space identifiers: 255 for any number of address spaces.
#pragma once

#include "arch/contract/mmu.hpp"

namespace faultline::walked {

// Gives `mm` an ASID of the current generation if it has none, puts this CPU into its cpu_mask, and makes it,
// or no address space if nullptr, what this CPU translates through. Interrupts masked.
void activate(MmContext* mm);

// How often the ASIDs ran out and every TLB was flushed. Wraps.
u32 roll_overs();

} // namespace faultline::walked
