// Pages of files without storage that are in swap, or lost with their frame. The file keeps a record of each, and is charged for it
// as before. While such a page is written to its slot, or read from it, it is in the page cache: PG_WRITEBACK, or PG_LOCKED. (Linux: mm/shmem.c, which
// has the slot in the place of the page.)
#pragma once

#include "mm/filemap.hpp"
#include "mm/lru.hpp"

namespace faultline {

// By init_swap().
void init_shmem_swap();

// A record for replace_in_page_cache(); nullptr: no memory. The other takes one back that was not needed.
SwappedPage* new_swapped_record();
void free_swapped_record(SwappedPage& record);

// The file has the entry in the place of its page, which leaves the cache; returns the cache's reference. The page is in no list of
// pages by age, and not being transferred.
PageRef replace_in_page_cache(AddressSpace& mapping, Page& page, SwappedPage& record, SwapEntry entry)
    REQUIRES(mapping.lock);

// The record for the page at `index`; nullptr: it is not in swap.
SwappedPage* find_swapped(AddressSpace& mapping, u32 index) REQUIRES(mapping.lock);

// Whether there is one, as of now.
bool shmem_is_swapped(AddressSpace& mapping, u32 index);

// Whether who needs the page, which is not cached, has to wait for a device.
inline bool must_be_read(AddressSpace& mapping, u32 index) {
    return mapping_reads(mapping) || shmem_is_swapped(mapping, index);
}

// Reads the page into the cache. Nothing: it is not in swap any more. NOMEM; IO: it stays there; HWPOISON: it is lost. Sleeps. (Linux:
// shmem_swapin_folio.)
Result<PageRef> shmem_swapin(AddressSpace& mapping, u32 index);

// Writes the page, which no entry shows any more, to swap; returns whether it is free now. False: it is put back, because it was
// used meanwhile, or there is no slot, or it cannot be written. Sleeps; no lock held. (Linux: shmem_writepage.)
bool shmem_writepage(IsolatedPage page);

// The file gives up its first page of [first, end) that is in swap. False: there is none.
bool shmem_free_swapped(AddressSpace& mapping, u32 first, u32 end) REQUIRES(mapping.lock);

// Whether pages that are in memory stay there. (Linux: shmem_lock.)
void shmem_set_unevictable(AddressSpace& mapping, bool on);

// Brings all pages that are in this area back into memory. NOMEM, IO, INTR. Sleeps. (Linux: the same name.)
Result<void> shmem_unuse(u32 type);

} // namespace faultline
