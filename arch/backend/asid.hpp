// Address space identifiers: 255 for any number of address spaces. Shared by the back ends, each of which supplies the
// two functions at the end.
#pragma once

#include "arch/contract/mmu.hpp"

namespace faultline::backend {

// Of a CPU without address space, and while a table is changed (ARM ARM B3.10.4); no mm ever has it.
inline constexpr Asid NO_ASID{0};

// Gives `mm` an ASID of the current generation if it has none, puts this CPU into its cpu_mask, and makes it,
// or no address space if nullptr, what this CPU translates through. Interrupts masked.
void activate(MmContext* mm);

// Whether this CPU translates through `mm`. Interrupts masked.
bool runs_here(const MmContext& mm);

// Supplied by the back end, called with the ASIDs' lock held and interrupts masked:

// Makes `mm`, or nothing if nullptr, what this CPU translates through.
void load(MmContext* mm);

// No CPU will use again what it holds, but for what it holds under the ASID it runs under: now, or when it next loads
// an address space.
void drop_everything();

} // namespace faultline::backend
