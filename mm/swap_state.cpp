// The swap cache: pages that have a slot, from the moment they get it, or are read from it, until they give it up.
#include "mm/swap_state.hpp"

#include "mm/lru.hpp"
#include "mm/swap_area.hpp"

namespace faultline {
namespace {

SwapEntry entry_of(const Page& page) { return SwapEntry::from_bits(page.swap); }
SwapArea& area_of(const Page& page) { return swap_area(entry_of(page).type()); }

// Whether the page leaves the cache with the last entry of its slot: nobody shows it, and no transfer goes on.
bool is_idle(const Page& page) { return page_mapcount(page) == 0 && !page.test(PG_LOCKED | PG_WRITEBACK); }

// The page of the slot when it has been read; none: it is not in memory.
PageRef wait_for_cached(SwapArea& area, u32 offset) REQUIRES(area.lock) {
    while (Page* page = area.cached(offset)) {
        if (!page->test(PG_LOCKED))
            return PageRef::of(*page);
        park(area.waiters, area.lock);
    }
    return {};
}

// Puts an empty page, PG_LOCKED, into the cache, to be filled from the slot. Nothing: another task was faster, or no entry refers
// to the slot any more.
Result<PageRef> add_locked_page(SwapEntry entry, PageRef fresh) {
    SwapArea& area = swap_area(entry.type());
    const Guard lock(area.lock);
    if (area.cached(entry.offset()) != nullptr)
        return PageRef();
    if (!area.accessible(entry.offset()))
        return Err(Errno::AGAIN);
    fresh->set(PG_LOCKED);
    area.put_into_cache(*fresh, entry);
    return fresh;
}

// The page that add_locked_page() has put there was read, or could not be.
void unlock_page(SwapEntry entry, Page& page, bool filled) {
    PageRef dropped; // after the lock
    SwapArea& area = swap_area(entry.type());
    const Guard lock(area.lock);
    page.clear(PG_LOCKED);
    if (filled)
        lru_cache_add(page, LRU_INACTIVE_ANON);
    if (!filled || area.slot(entry.offset()).count() == 0)
        dropped = area.uncache(page);
    unpark_all(area.waiters);
}

} // namespace

SwapEntry swap_duplicate_of(const Page& page) {
    SwapArea& area = area_of(page);
    const Guard lock(area.lock);
    if (!page.test(PG_SWAPCACHE) || !area.accepts) // swapoff would bring it back, again and again
        return {};
    const SwapEntry entry = entry_of(page);
    SwapSlot& slot = area.slot(entry.offset());
    if (slot.count() == SwapSlot::COUNT_MAX)
        return {};
    slot.set_count(slot.count() + 1);
    return entry;
}

bool add_to_swap(Page& page) {
    const SwapEntry entry = get_swap_page();
    if (entry == SwapEntry())
        return false;
    SwapArea& area = swap_area(entry.type());
    const Guard lock(area.lock);
    page.set(PG_DIRTY);
    area.put_into_cache(page, entry);
    // The page alone has the slot. swapoff hears of it when an entry has it, too, or the page gives it up.
    area.slot(entry.offset()).set_count(0);
    return true;
}

PageRef lookup_swap_cache(SwapEntry entry) {
    SwapArea& area = swap_area(entry.type());
    const Guard lock(area.lock);
    return wait_for_cached(area, entry.offset());
}

Result<PageRef> read_swap_cache(SwapEntry entry) {
    while (true) {
        if (PageRef page = lookup_swap_cache(entry))
            return page;
        PageRef fresh = alloc_page(GFP_KERNEL);
        if (!fresh)
            return Err(Errno::NOMEM);
        PageRef page = TRY(add_locked_page(entry, std::move(fresh)));
        if (!page)
            continue;
        const auto read = read_slot(entry, *page);
        unlock_page(entry, *page, read.ok());
        TRY_VOID(read);
        return page;
    }
}

bool map_swap_cache(SwapEntry entry, Page& page, const SwappedIn& how) {
    PageRef dropped; // after the lock; not the last
    SwapArea& area = swap_area(entry.type());
    const Guard lock(area.lock);
    if (!page.test(PG_SWAPCACHE) || entry_of(page) != entry || page.test(PG_HWPOISON))
        return false;
    SwapSlot& slot = area.slot(entry.offset());
    const bool exclusive = slot.count() == 1 && page_mapcount(page) == 0;
    if (!page.test(PG_ANON)) { // all entries of the slot are in one family, at one index: only the first need say so
        page.anon_vma.store(how.family, std::memory_order_relaxed);
        page.index = how.index;
        page.publish_anon(PageFlags{});
    }
    if (exclusive)
        page.set(PG_ANON_EXCLUSIVE);
    page.mapcount.fetch_add(1, std::memory_order_relaxed); // before the claim goes: others ask for both
    slot.set_count(slot.count() - 1);
    const bool is_short = area.used > area.pages / 2; // (Linux: vm_swap_full)
    if (slot.count() == 0 && (how.write || is_short) && !page.test(PG_WRITEBACK))
        dropped = area.uncache(page);
    return true;
}

void swap_free(SwapEntry entry) {
    if (is_hwpoison_entry(entry))
        return;
    PageRef dropped; // after the lock
    SwapArea& area = swap_area(entry.type());
    const Guard lock(area.lock);
    SwapSlot& slot = area.slot(entry.offset());
    slot.set_count(slot.count() - 1);
    if (slot.count() != 0)
        return;
    if (!slot.has_cache())
        area.give_slot(entry.offset());
    else if (is_idle(*slot.page()))
        dropped = area.uncache(*slot.page());
}

void try_to_free_swap(Page& page) {
    PageRef dropped; // after the lock; the caller keeps the page
    SwapArea& area = area_of(page);
    const Guard lock(area.lock);
    if (page.test(PG_SWAPCACHE) && &area_of(page) == &area && area.slot(entry_of(page).offset()).count() == 0 &&
        !page.test(PG_LOCKED | PG_WRITEBACK))
        dropped = area.uncache(page);
}

Result<void> write_swap_cache(Page& page) {
    const SwapEntry entry = entry_of(page); // stays: only with PG_WRITEBACK clear does a page leave the cache
    SwapArea& area = swap_area(entry.type());
    {
        const Guard lock(area.lock);
        if (!page.test(PG_SWAPCACHE))
            return {};
        if (page.test(PG_HWPOISON))
            return Err(Errno::IO);
        page.set(PG_WRITEBACK);
        page.clear(PG_DIRTY); // what is written from here on is dirty again
    }
    const auto written = write_slot(entry, page);
    PageRef dropped; // after the lock; the caller keeps the page
    const Guard lock(area.lock);
    page.clear(PG_WRITEBACK);
    if (!written.ok())
        page.set(PG_DIRTY);
    if (area.slot(entry.offset()).count() == 0 && is_idle(page))
        dropped = area.uncache(page);
    unpark_all(area.waiters);
    return written;
}

namespace {

// No transfer of the page goes on; false: it is not in the cache of this area.
bool wait_for_transfer(SwapArea& area, const Page& page) REQUIRES(area.lock) {
    while (page.test(PG_SWAPCACHE) && &area_of(page) == &area && page.test(PG_LOCKED | PG_WRITEBACK))
        park(area.waiters, area.lock);
    return page.test(PG_SWAPCACHE) && &area_of(page) == &area;
}

} // namespace

// Whoever has found the page in the cache maps it with the lock held, and asks then whether it is poisoned.
void settle_poisoned_in_swap_cache(Page& page) {
    if (!page.test(PG_SWAPCACHE))
        return;
    SwapArea& area = area_of(page);
    const Guard lock(area.lock);
    static_cast<void>(wait_for_transfer(area, page));
}

void drop_poisoned_from_swap_cache(Page& page) {
    if (!page.test(PG_SWAPCACHE))
        return;
    PageRef dropped; // after the lock; the caller keeps the page
    SwapArea& area = area_of(page);
    const Guard lock(area.lock);
    if (wait_for_transfer(area, page) && (area.slot(entry_of(page).offset()).count() == 0 || !page.test(PG_DIRTY)))
        dropped = area.uncache(page);
}

bool remove_from_swap_cache(Page& page) {
    PageRef dropped; // after the lock; the caller keeps the page
    SwapArea& area = area_of(page);
    const Guard lock(area.lock);
    if (!page.test(PG_SWAPCACHE) || page_count(page) != 2 || page.test(PG_DIRTY | PG_WRITEBACK))
        return false;
    dropped = area.uncache(page);
    return true;
}

} // namespace faultline
