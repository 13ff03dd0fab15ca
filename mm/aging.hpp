// Ageing and cleaning: what makes entries old or clean while their pages stay. Reclaim's eyes, and this project's way
// to set the trap.
#pragma once

#include "mm/mm_struct.hpp"

namespace faultline {

// Clears YOUNG in every present entry of the mm; a page that was young becomes PG_REFERENCED. DIRTY stays. Flushes,
// which Linux's clear_refs "1" leaves to chance.
void age_mm(const MmapReadGuard& mmap_read);

// madvise(MADV_COLD): the same for the pages of [start, end) that nobody else maps. (Linux madvise_cold_or_pageout_pte_range.)
void age_page_range(const MmapReadGuard& mmap_read, UserAddr start, UserAddr end);

// madvise(MADV_FREE): private anonymous pages become clean, old and PG_LAZYFREE; other VMAs are the caller's EINVAL.
void lazyfree_page_range(const MmapReadGuard& mmap_read, UserAddr start, UserAddr end);

// Writeback's first half for a shared mapping: write-protects and cleans every entry of the page range; dirty moves to
// the page (PG_DIRTY), never lost. Flushes. (Linux page_mkclean.)
void clean_page_range(const MmapReadGuard& mmap_read, UserAddr start, UserAddr end);

} // namespace faultline
