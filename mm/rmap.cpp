// Counting who maps a page.
#include "mm/memory.hpp"

namespace faultline {

namespace {

u32& rss_of(MmStruct& mm, const Page& page) { return page.test(PG_ANON) ? mm.rss_anon : mm.rss_file; }

} // namespace

Page* vm_normal_page(Pte pte) {
    return pte_present(pte) && !pte_special(pte) ? &pfn_to_page(pte_pfn(pte)) : nullptr;
}

void page_add_rmap(MmStruct& mm, Page& page) {
    page.mapcount.fetch_add(1, std::memory_order_relaxed);
    ++rss_of(mm, page);
}

void page_remove_rmap(MmStruct& mm, Page& page) {
    BUG_ON(page.mapcount.fetch_sub(1, std::memory_order_relaxed) <= 0);
    --rss_of(mm, page);
}

} // namespace faultline
