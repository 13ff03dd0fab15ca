// Ageing and cleaning: they make entries old or clean while the pages stay. Reclaim needs them to see which pages are
// in use. Here they also prepare the entries that the futex loop hangs on.
#pragma once

#include "mm/mm_struct.hpp"

namespace faultline {

// Ranges are page-aligned, and VMAs lie over all that is mapped in them. Each function calls cond_resched() between page
// tables, so the caller holds no spin lock and has page faults enabled.

// Clears YOUNG in every present entry of the mm; a page that was young becomes PG_REFERENCED. DIRTY stays. Flushes;
// Linux's clear_refs "1" does not.
void age_mm(const MmapReadGuard& mmap_read);

// madvise(MADV_COLD): the same for the pages of [start, end) that nobody else maps. (Linux
// madvise_cold_or_pageout_pte_range.)
void age_page_range(const MmapReadGuard& mmap_read, UserAddr start, UserAddr end);

// madvise(MADV_PAGEOUT): the pages of [start, end) that nobody else maps become old, and are reclaimed at once: written, to
// swap if they have no file. Sleeps. (Linux madvise_cold_or_pageout_pte_range.)
void pageout_page_range(const MmapReadGuard& mmap_read, UserAddr start, UserAddr end);

// madvise(MADV_FREE): private anonymous pages become clean, old and PG_LAZYFREE; the caller refuses other VMAs
// (EINVAL). What is in swap is given up at once.
void lazyfree_page_range(const MmapReadGuard& mmap_read, UserAddr start, UserAddr end);

// As writeback does it (page_mkclean, mm/rmap.hpp), but on request and for one address space: write-protects and cleans
// every entry of the page range; dirty moves to the page (PG_DIRTY), never lost. Flushes.
void clean_page_range(const MmapReadGuard& mmap_read, UserAddr start, UserAddr end);

} // namespace faultline
