// tlb_check=1: flushes held to their law, which is that no CPU can use a translation older than truth.
#pragma once

#include "arch/contract/mmu.hpp"

namespace faultline::backend {

// Called when a flush of [start, end) is done. Each CPU that runs in `mm` tries, as a program there would, what the
// entries of these pages forbid; what it can still do it reports (tlb_violation, arch/contract/upcalls.hpp). That a TLB
// leads to another frame goes unnoticed, and so does what waits under the ASID of an mm that runs nowhere just now. Same
// conditions as smp_call_function_many.
void check_flush(MmContext& mm, UserAddr start, UserAddr end);

} // namespace faultline::backend
