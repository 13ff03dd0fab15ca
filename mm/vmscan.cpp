// Reclaim: when it works, and at which page it looks next.
#include "mm/vmscan.hpp"

#include "base/trace.hpp"
#include "mm/anon_scan.hpp"
#include "mm/lru.hpp"
#include "mm/page_alloc.hpp"
#include "mm/shrink_page.hpp"
#include "mm/swapfile.hpp"
#include "mm/upcalls.hpp"

namespace faultline {
namespace {

constexpr u32 MAX_RECLAIM_RETRIES = 16;
constinit Relaxed<u32> failures = 0; // in a row

void count(std::atomic<u32>& counter, u32 more = 1) { counter.fetch_add(more, std::memory_order_relaxed); }

// The two kinds of lists: an inactive one, and the active one behind it.
enum LruKind : u8 { ANON = LRU_INACTIVE_ANON, FILE = LRU_INACTIVE_FILE };
LruList inactive_of(LruKind kind) { return static_cast<LruList>(kind); }
LruList active_of(LruKind kind) { return static_cast<LruList>(kind + 1); }
u32 nr_pages_of(LruKind kind) { return nr_lru_pages(inactive_of(kind)) + nr_lru_pages(active_of(kind)); }

// Whether there is anything to free in lists of this kind. Without swap, only what MADV_FREE has given up is, and that is in the
// other ones.
bool may_scan(LruKind kind) { return kind == FILE ? nr_pages_of(FILE) != 0 : can_swap(); }

// Which kind is next. Of SCANS_MAX looks, vm_swappiness are for pages that go to swap, spread evenly. (Linux: get_scan_count.)
constexpr u32 SCANS_MAX = 200;
constinit std::atomic<u32> turn{0};
LruKind next_kind() {
    if (!may_scan(FILE) || !may_scan(ANON))
        return may_scan(ANON) ? ANON : FILE;
    const u32 at = turn.fetch_add(1, std::memory_order_relaxed) % SCANS_MAX;
    return (at + 1) * vm_swappiness / SCANS_MAX != at * vm_swappiness / SCANS_MAX ? ANON : FILE;
}

// Looks at the oldest inactive page of this kind. Whether there was one, and whether it is free now. (Linux:
// shrink_inactive_list.)
struct Looked {
    bool found, freed;
};
Looked shrink_inactive_list(LruKind kind) {
    IsolatedPage page = IsolatedPage::oldest_of(inactive_of(kind));
    if (!page)
        return {false, false};
    count(kind == ANON ? vmscan_stat.pgscan_anon : vmscan_stat.pgscan_file);
    const Pfn pfn = page_to_pfn(*page);
    const bool freed = shrink_page(std::move(page));
    if (freed) {
        TRACE(PageReclaimed, pfn, kind);
        count(kind == ANON ? vmscan_stat.pgsteal_anon : vmscan_stat.pgsteal_file);
    }
    return {true, freed};
}

// Keeps as many pages inactive as active.
void balance_lists(LruKind kind) {
    if (nr_lru_pages(inactive_of(kind)) >= nr_lru_pages(active_of(kind)) && nr_lru_pages(inactive_of(kind)) != 0)
        return;
    if (kind == ANON)
        collect_anon_pages();
    if (nr_lru_pages(inactive_of(kind)) < nr_lru_pages(active_of(kind)))
        if (IsolatedPage page = IsolatedPage::oldest_of(active_of(kind)))
            deactivate_page(std::move(page));
}

// After so many looks without a page, anonymous pages have been looked for in all of memory.
u32 misses_that_end() { return mem.max_mapnr / COLLECT_FRAMES + 1; }

// Frees up to `wanted` pages. Each page is looked at four times at most: to be made inactive, as a second chance, to be written,
// and to be freed. (Linux: shrink_lruvec.)
u32 shrink_lists(u32 wanted, std::atomic<u32>& scanned, std::atomic<u32>& stolen) {
    u32 freed = 0, missed = 0;
    for (u32 looks = 4 * (nr_pages_of(FILE) + (can_swap() ? mem.max_mapnr : 0)); looks != 0 && freed < wanted;
         --looks) {
        const LruKind kind = next_kind();
        balance_lists(kind);
        const Looked looked = shrink_inactive_list(kind);
        if (looked.found)
            count(scanned);
        else if (++missed > misses_that_end())
            break;
        freed += looked.freed ? 1 : 0;
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

void init_vmscan() {
    failures = 0;
    turn = 0;
    init_anon_scan();
}

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
    if (can_swap() && page->test(PG_ANON))
        lru_add_anon(*page, LRU_INACTIVE_ANON);
    if (page->test(PG_TAGGED)) // it is looked at twice: to be written, and to be freed
        if (IsolatedPage isolated = IsolatedPage::of(*page))
            shrink_page(std::move(isolated));
    IsolatedPage isolated = IsolatedPage::of(*page);
    page = PageRef(); // the other reference is enough
    if (isolated)
        shrink_page(std::move(isolated));
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
