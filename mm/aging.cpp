// Makes entries old or clean while their pages stay. After each of these the futex loop can hang.
#include "mm/aging.hpp"

#include "base/trace.hpp"
#include "mm/gup.hpp"
#include "mm/lru.hpp"
#include "mm/pgtable.hpp"
#include "mm/rmap.hpp"
#include "mm/swap_pte.hpp"
#include "mm/swap_state.hpp"
#include "mm/upcalls.hpp"
#include "mm/vmscan.hpp"

namespace faultline {

namespace {

// Clears YOUNG where `wanted` says so, and marks the page PG_REFERENCED if it was set.
template <class Wanted>
void age_entries(const MmapReadGuard& mmap_read, UserAddr start, UserAddr end, Wanted&& wanted) {
    MmStruct& mm = mmap_read.mm();
    TlbDebt debt(mm.context);
    const auto age = [&](UserAddr address, PteSlot* slot) {
        Page* page = vm_normal_page(ptep_get(slot));
        if (page != nullptr && wanted(*page) && ptep_test_and_clear_young(debt, address, slot)) {
            TRACE(PageAged, address, pte_mkyoung(ptep_get(slot)), ptep_get(slot));
            page->set(PG_REFERENCED);
        }
    };
    walk_page_range(mm, start, end, age, NOTHING_MORE, cond_resched);
}

} // namespace

void age_mm(const MmapReadGuard& mmap_read) {
    age_entries(mmap_read, UserAddr(0), UserAddr(TASK_SIZE), [](const Page&) { return true; });
}

void age_page_range(const MmapReadGuard& mmap_read, UserAddr start, UserAddr end) {
    age_entries(mmap_read, start, end, [](const Page& page) { return page_mapcount(page) == 1; });
}

void pageout_page_range(const MmapReadGuard& mmap_read, UserAddr start, UserAddr end) {
    age_page_range(mmap_read, start, end);
    for (UserAddr address = start; address < end && !fatal_signal_pending(); address = address + PAGE_SIZE) {
        if (pte_table(mmap_read.mm(), address) == nullptr) { // nor is there any page that it would show
            address = last_page_of_table(address);
            continue;
        }
        PageRef page = follow_page(mmap_read, address, FOLL_NONE);
        if (page && page->test(PG_LRU | PG_ANON) && page_mapcount(*page) == 1)
            reclaim_page(std::move(page));
        cond_resched();
    }
}

namespace {

// Whether the page is this entry's alone, and its data is nowhere else.
bool may_lose_data(Page& page) {
    if (!page.test(PG_ANON) || page_mapcount(page) != 1)
        return false;
    if (page.test(PG_SWAPCACHE))
        try_to_free_swap(page);
    return !page.test(PG_SWAPCACHE);
}

// Reclaim looks at the page soon, with those of files, and even if there is no swap. (Linux: folio_mark_lazyfree.)
void mark_page_lazyfree(Page& page) {
    page.clear(PG_DIRTY);
    page.set(PG_LAZYFREE);
    if (IsolatedPage isolated = IsolatedPage::of(page))
        isolated.put_back(LRU_INACTIVE_FILE);
    else
        lru_add_anon(page, LRU_INACTIVE_FILE);
}

} // namespace

void lazyfree_page_range(const MmapReadGuard& mmap_read, UserAddr start, UserAddr end) {
    MmStruct& mm = mmap_read.mm();
    TlbDebt debt(mm.context);
    const auto free_lazily = [&](UserAddr address, PteSlot* slot) {
        const Pte pte = ptep_get(slot);
        if (is_swap_pte(pte)) {
            static_cast<void>(ptep_get_and_clear(debt, address, slot));
            zap_swap_pte(mm, pte_to_swp_entry(pte));
        } else if (Page* page = vm_normal_page(pte); page != nullptr && may_lose_data(*page)) {
            const Pte old = ptep_get_and_clear(debt, address, slot);
            set_pte_at(mm.context, address, slot, pte_mkclean(pte_mkold(old)));
            mark_page_lazyfree(*page);
        }
    };
    walk_page_range(mm, start, end, free_lazily, NOTHING_MORE, cond_resched);
}

void clean_page_range(const MmapReadGuard& mmap_read, UserAddr start, UserAddr end) {
    MmStruct& mm = mmap_read.mm();
    TlbDebt debt(mm.context);
    const auto clean = [&](UserAddr address, PteSlot* slot) {
        Page* page = vm_normal_page(ptep_get(slot));
        if (page == nullptr || page->test(PG_ANON))
            return;
        clean_pte(debt, address, slot, *page);
    };
    walk_page_range(mm, start, end, clean, NOTHING_MORE, cond_resched);
}

} // namespace faultline
