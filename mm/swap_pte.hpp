// Entries that refer to a slot of swap, or to a frame that has lost its data: made, copied by fork, emptied; and which address
// spaces may have some that refer to swap.
#pragma once

#include "mm/mm_struct.hpp"
#include "mm/swapfile.hpp"

namespace faultline {

// By init_swap().
void init_swap_ptes();

// The entry, which shows no page and is flushed, refers to the slot, on which it has taken a claim (swap_duplicate), or to a lost
// frame. Caller holds its lock.
void set_swap_pte(MmStruct& mm, UserAddr address, PteSlot* slot, SwapEntry entry);

// The same for fork's copy of such an entry; it takes the claim itself. False: a slot has too many. (Linux:
// copy_nonpresent_pte.)
[[nodiscard]] bool copy_swap_pte(MmStruct& mm, UserAddr address, PteSlot* slot, SwapEntry entry);

// The entry, which referred to it, is emptied: its claim goes. Caller holds its lock.
void zap_swap_pte(MmStruct& mm, SwapEntry entry);

// The address space has no more such entries, and gets none.
void mm_is_out_of_swap(MmStruct& mm);

// An address space that may have such entries, and then the one behind it; none: they are through. One that is made meanwhile
// may be missed. (Linux: init_mm.mmlist.)
MmRef first_mm_in_swap();
MmRef next_mm_in_swap(MmStruct& mm);

} // namespace faultline
