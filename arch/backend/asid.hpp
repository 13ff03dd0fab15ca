// Address space identifiers: 255 for any number of address spaces. Shared by the back ends, each of which supplies the
// two functions at the end.
#pragma once

#include "arch/contract/mmu.hpp"
#include "base/spinlock.hpp"

namespace faultline::backend {

// Of a CPU without address space, and while a table is changed (ARM ARM B3.10.4); no mm ever has it.
inline constexpr Asid NO_ASID{0};

// The ASIDs in use, and which CPU runs in which address space.
extern SpinLock asid_lock;

// Gives `mm` an ASID of the current generation if it has none, puts this CPU into its cpu_mask, and makes it,
// or no address space if nullptr, what this CPU translates through.
void activate(MmContext* mm) REQUIRES(irqs_masked);

// Whether this CPU translates through `mm`.
bool runs_here(const MmContext& mm) REQUIRES(irqs_masked);

// Supplied by the back end:

// Makes `mm`, or nothing if nullptr, what this CPU translates through.
void load(MmContext* mm) REQUIRES(asid_lock, irqs_masked);

// No CPU will use again what it holds, but for what it holds under the ASID it runs under: now, or when it next loads
// an address space.
void drop_everything() REQUIRES(asid_lock);

} // namespace faultline::backend
