// Who maps a page: counted with every entry, and found through the file that it belongs to. (Linux: mm/rmap.c.)
#pragma once

#include "mm/filemap.hpp"
#include "mm/mm_struct.hpp"
#include "mm/page.hpp"

namespace faultline {

// One more, one fewer entry of `mm` maps `page`: its mapcount and the mm's rss, not its reference count. Never for
// special entries. Caller holds the entry's lock. (Linux page_add_*_rmap, page_remove_rmap.)
void page_add_rmap(MmStruct& mm, Page& page);
void page_remove_rmap(MmStruct& mm, Page& page);

// Makes the entry clean and takes WRITE away; dirty moves to the page, which the entry shows. Caller holds the entry's lock.
void clean_pte(TlbDebt& debt, UserAddr address, PteSlot* slot, Page& page);

// The same for every entry that shows one of the pages [first, end) of the file through a shared mapping, and flushes: when
// this returns, the next write to one of these pages faults, on whichever CPU. (Linux: the same name.)
void page_mkclean(AddressSpace& mapping, u32 first, u32 end) REQUIRES(mapping.lock);

} // namespace faultline
