// tlb_check=1: after each flush, a check of its law, which is that no CPU can use a translation older than truth.
#pragma once

#include "arch/contract/mmu.hpp"

namespace faultline::backend {

// Called when a flush of [start, end) has finished. Each CPU that runs in `mm` tries the accesses that the entries of
// these pages forbid, as a program there would. It reports each one that succeeds (tlb_violation,
// arch/contract/upcalls.hpp). Two errors stay unnoticed: a TLB entry that leads to another frame with the same
// permissions, and an entry with the ASID of an mm that runs nowhere at that moment. The caller meets the conditions of
// smp_call_function_many().
void check_flush(MmContext& mm, UserAddr start, UserAddr end);

} // namespace faultline::backend
