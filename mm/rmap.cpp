// The counts that change with every entry that maps a page.
#include "mm/rmap.hpp"

namespace faultline {

namespace {

MmCounter counter_of(const Page& page) { return page.test(PG_ANON) ? MM_ANONPAGES : MM_FILEPAGES; }

} // namespace

void page_add_rmap(MmStruct& mm, Page& page) {
    page.mapcount.fetch_add(1, std::memory_order_relaxed);
    add_mm_counter(mm, counter_of(page), 1);
}

void page_remove_rmap(MmStruct& mm, Page& page) {
    BUG_ON(page.mapcount.fetch_sub(1, std::memory_order_relaxed) <= 0);
    add_mm_counter(mm, counter_of(page), -1);
}

} // namespace faultline
