// Reclaim: which page goes next, and what has to be done before it may.
#include "mm/vmscan.hpp"

#include "mm/filemap.hpp"
#include "mm/lru.hpp"
#include "mm/page_alloc.hpp"
#include "mm/page_writeback.hpp"
#include "mm/rmap.hpp"
#include "mm/upcalls.hpp"

namespace faultline {
namespace {

constexpr u32 MAX_RECLAIM_RETRIES = 16;
constinit Relaxed<u32> failures = 0; // in a row

void count(std::atomic<u32>& counter, u32 more = 1) { counter.fetch_add(more, std::memory_order_relaxed); }

// The oldest active page gets old: only if it is used again does it become active again. (Linux: shrink_active_list.)
void shrink_active_list() {
    IsolatedPage page = IsolatedPage::oldest_of(LRU_ACTIVE_FILE);
    if (!page)
        return;
    count(vmscan_stat.pgrefill);
    count(vmscan_stat.pgdeactivate);
    AddressSpace& mapping = *page->mapping.load(std::memory_order_relaxed); // stays while the page is isolated
    const Guard lock(mapping.lock);
    static_cast<void>(page_referenced(mapping, *page));
    page.put_back(LRU_INACTIVE_FILE);
    unpark_all(mapping.waiters);
}

// Dirty pages that reclaim has met, to be written.
struct ToWrite {
    MappingRef mapping;
    u32 index = 0;
};

// Frees the page if nothing is against it. With the lock held, nobody can come by another reference: so if the cache and
// reclaim have the only two, nobody uses the page. (Linux: shrink_page_list.)
bool shrink_page(IsolatedPage page, ToWrite& dirty) {
    PageRef freed;                                                          // dropped after the lock
    AddressSpace& mapping = *page->mapping.load(std::memory_order_relaxed); // stays while the page is isolated
    const Guard lock(mapping.lock);
    if (page_referenced(mapping, *page)) {
        count(vmscan_stat.pgactivate);
        page.put_back(LRU_ACTIVE_FILE);
    } else if (page->test(PG_DIRTY) && !page->test(PG_WRITEBACK)) {
        dirty = {MappingRef::of(mapping), page->index};
        page.put_back_as_oldest(LRU_INACTIVE_FILE);
    } else if (page->test(PG_WRITEBACK) || !try_to_unmap(mapping, *page) || page_count(*page) != 2) {
        page.put_back(LRU_INACTIVE_FILE);
    } else {
        freed = PageRef(page.take());
        static_cast<void>(delete_from_page_cache(mapping, *freed));
    }
    unpark_all(mapping.waiters); // truncation may wait for the page
    return bool(freed);
}

// Looks at one page. Returns whether it is free now. (Linux: shrink_inactive_list.)
bool shrink_inactive_list(IsolatedPage page) {
    ToWrite dirty;
    const bool freed = shrink_page(std::move(page), dirty);
    if (dirty.mapping) // and those behind it: they are of one age, most likely
        filemap_fdatawrite_range(*dirty.mapping, dirty.index, dirty.index + SWAP_CLUSTER_MAX);
    return freed;
}

bool inactive_is_low() { return nr_lru_pages(LRU_INACTIVE_FILE) < nr_lru_pages(LRU_ACTIVE_FILE); }

// Frees up to `wanted` pages. Each page is looked at four times at most: to be made inactive, as a second chance, to be written,
// and to be freed. (Linux: shrink_lruvec.)
u32 shrink_lists(u32 wanted, std::atomic<u32>& scanned, std::atomic<u32>& stolen) {
    u32 freed = 0;
    for (u32 looks = 4 * (nr_lru_pages(LRU_INACTIVE_FILE) + nr_lru_pages(LRU_ACTIVE_FILE)); looks != 0; --looks) {
        if (freed >= wanted)
            break;
        if (inactive_is_low())
            shrink_active_list();
        IsolatedPage page = IsolatedPage::oldest_of(LRU_INACTIVE_FILE);
        if (!page)
            break;
        count(scanned);
        freed += shrink_inactive_list(std::move(page));
        cond_resched();
    }
    count(stolen, freed);
    failures = freed != 0 ? 0 : failures + 1;
    return freed;
}

// The whole square root of a number.
u32 int_sqrt(u32 number) {
    u32 root = 0;
    for (u32 bit = 1u << 15; bit != 0; bit >>= 1)
        if ((root + bit) * (root + bit) <= number)
            root += bit;
    return root;
}

constexpr u32 KBYTES_SHIFT = PAGE_SHIFT - 10;

} // namespace

u32 calculate_min_free_kbytes() { return int_sqrt((nr_total_pages() << KBYTES_SHIFT) * 16); }
u32 min_free_kbytes() { return watermarks.min << KBYTES_SHIFT; }

void set_min_free_kbytes(u32 kbytes) {
    const u32 min = kbytes >> KBYTES_SHIFT;
    watermarks.min = min;
    watermarks.low = min + min / 4;
    watermarks.high = min + min / 2;
}

u32 try_to_free_pages(u32 wanted) {
    count(vmscan_stat.allocstall);
    return shrink_lists(wanted, vmscan_stat.pgscan_direct, vmscan_stat.pgsteal_direct);
}

void reclaim_page(PageRef page) {
    page->clear(PG_REFERENCED);
    for (bool dirty = true; dirty;) { // then it is looked at twice: to be written, and to be freed
        dirty = page->test(PG_DIRTY);
        IsolatedPage isolated = IsolatedPage::of(*page);
        if (!isolated)
            return;
        if (!dirty)
            page = PageRef(); // the other reference is enough
        shrink_inactive_list(std::move(isolated));
    }
}

bool reclaim_is_hopeless() { return failures >= MAX_RECLAIM_RETRIES; }

u32 balance_pgdat() {
    count(vmscan_stat.pageoutrun);
    u32 freed = 0;
    while (nr_buddy_pages() < watermarks.high) {
        const u32 now = shrink_lists(SWAP_CLUSTER_MAX, vmscan_stat.pgscan_kswapd, vmscan_stat.pgsteal_kswapd);
        if (now == 0)
            break;
        freed += now;
    }
    return freed;
}

} // namespace faultline
