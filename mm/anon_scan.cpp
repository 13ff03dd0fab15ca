// A hand that goes round over all page frames.
#include "mm/anon_scan.hpp"

#include <atomic>

#include "mm/lru.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {
namespace {

constinit std::atomic<u32> hand{0};

// Adds the page, if it is one. A frame that is free or something else never has a reference to give.
bool collect(Page& page) {
    if (!page.is_anon() || page.test(PG_LRU | PG_ISOLATED) || !page.refcount.inc_not_zero())
        return false;
    const PageRef kept(&page);
    if (!page.is_anon() || page_mapcount(page) == 0) // it was freed meanwhile, and perhaps is another page now
        return false;
    lru_add_anon(page, LRU_INACTIVE_ANON);
    return true;
}

} // namespace

void init_anon_scan() { hand = 0; }

void collect_anon_pages() {
    constexpr u32 ENOUGH = 8;
    for (u32 frames = 0, found = 0; frames < COLLECT_FRAMES && found < ENOUGH; ++frames)
        found += collect(mem.map[hand.fetch_add(1, std::memory_order_relaxed) % mem.max_mapnr]) ? 1 : 0;
}

} // namespace faultline
