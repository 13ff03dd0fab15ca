// Taking entries out of page tables.
#pragma once

#include "mm/mm_struct.hpp"

namespace faultline {

// Empties the entries of [start, end). Dirty moves to the page; the map counts and references are dropped, but a page
// is freed only after the flush of all TLBs. The first is for a caller that holds the mmap lock, and no spin lock: it
// calls cond_resched(). The second is for truncation, which holds the lock of the AddressSpace whose i_mmap has the
// VMAs. (Linux zap_page_range, unmap_page_range.)
void zap_page_range(MmStruct& mm, UserAddr start, UserAddr end);
void zap_page_range_locked(MmStruct& mm, UserAddr start, UserAddr end);

// Empties all entries: the address space ends. No CPU runs on it, so no fault can put a page beside an old translation, and one
// flush for all is enough: before the pages are freed. (Linux: the same name, and the fullmm of mmu_gather.)
void unmap_vmas(const MmapWriteLocked& locked);

} // namespace faultline
