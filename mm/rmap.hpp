// Counting who maps a page. (Linux: mm/rmap.c.)
#pragma once

#include "mm/mm_struct.hpp"
#include "mm/page.hpp"

namespace faultline {

// One more, one fewer entry of `mm` maps `page`: its mapcount and the mm's rss, not its reference count. Never for
// special entries. Caller holds the entry's lock. (Linux page_add_*_rmap, page_remove_rmap.)
void page_add_rmap(MmStruct& mm, Page& page);
void page_remove_rmap(MmStruct& mm, Page& page);

} // namespace faultline
