// Address space identifiers: 255 of them for any number of address spaces. Both back ends use this code; each supplies
// the two functions at the end.
#pragma once

#include "arch/contract/mmu.hpp"
#include "base/spinlock.hpp"

namespace faultline::backend {

// The ASID of a CPU without an address space, also used while the table changes (ARM ARM B3.10.4). No mm ever has it.
inline constexpr Asid NO_ASID{0};

// Guards the ASIDs in use, and which CPU runs in which address space.
extern SpinLock asid_lock;

// Gives `mm` an ASID of the current generation if it has none, adds this CPU to its cpu_mask, and makes it the address
// space that this CPU translates through; nullptr means no address space.
void activate(MmContext* mm) REQUIRES(irqs_masked);

// Whether this CPU translates through `mm`.
bool runs_here(const MmContext& mm) REQUIRES(irqs_masked);

// The back end supplies these two.

// Makes `mm` the address space that this CPU translates through; nullptr: none.
void load(MmContext* mm) REQUIRES(asid_lock, irqs_masked);

// Makes every CPU drop its TLB's entries, at once or when it next loads an address space. A CPU may keep the entries of
// the ASID that it runs with.
void drop_everything() REQUIRES(asid_lock);

} // namespace faultline::backend
