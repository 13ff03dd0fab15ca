// Address space identifiers: 255 of them for any number of address spaces. Both back ends use this code; each supplies
// the two functions at the end.
#pragma once

#include "arch/contract/mmu.hpp"

namespace faultline::backend {

// The ASID of a CPU without an address space, also used while the table changes (ARM ARM B3.10.4). No mm ever has it.
inline constexpr Asid NO_ASID{0};

// Gives `mm` an ASID of the current generation if it has none, adds this CPU to its cpu_mask, and makes it the address
// space that this CPU translates through; nullptr means no address space. Interrupts masked.
void activate(MmContext* mm);

// Whether this CPU translates through `mm`. Interrupts masked.
bool runs_here(const MmContext& mm);

// The back end supplies these two. They are called with the lock "ASIDs" held and interrupts masked.

// Makes `mm` the address space that this CPU translates through; nullptr: none.
void load(MmContext* mm);

// Makes every CPU drop its TLB's entries, at once or when it next loads an address space. A CPU may keep the entries of
// the ASID that it runs with.
void drop_everything();

} // namespace faultline::backend
