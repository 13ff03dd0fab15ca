// Entries made old or clean under pages that stay: each of these sets the trap that fault-path's hang falls
// into.
#include "mm/aging.hpp"

#include "mm/memory.hpp"
#include "mm/pgtable.hpp"

namespace faultline {

namespace {

// Clears YOUNG where `wanted` says so; what was known moves to the page. Caller flushes.
template <class Wanted>
void age_entries(MmStruct& mm, UserAddr start, UserAddr end, Wanted&& wanted) {
    walk_page_range(mm, start, end, [&](UserAddr address, PteSlot* slot) {
        Page* page = vm_normal_page(ptep_get(slot));
        if (page != nullptr && wanted(*page) && ptep_test_and_clear_young(mm.context, address, slot))
            page->set(PG_REFERENCED);
    });
}

} // namespace

void age_mm(MmStruct& mm) {
    age_entries(mm, UserAddr(0), UserAddr(TASK_SIZE), [](const Page&) { return true; });
    flush_tlb_mm(mm.context);
}

void age_page_range(MmStruct& mm, UserAddr start, UserAddr end) {
    age_entries(mm, start, end, [](const Page& page) { return page_mapcount(page) == 1; });
    flush_tlb_range(mm.context, start, end);
}

void lazyfree_page_range(MmStruct& mm, UserAddr start, UserAddr end) {
    walk_page_range(mm, start, end, [&](UserAddr address, PteSlot* slot) {
        Page* page = vm_normal_page(ptep_get(slot));
        if (page == nullptr || !page->test(PG_ANON) || page_mapcount(*page) != 1)
            return;
        const Pte pte = ptep_get_and_clear(mm.context, address, slot);
        set_pte_at(mm.context, address, slot, pte_mkclean(pte_mkold(pte)));
        page->set(PG_LAZYFREE);
    });
    flush_tlb_range(mm.context, start, end);
}

void clean_page_range(MmStruct& mm, UserAddr start, UserAddr end) {
    walk_page_range(mm, start, end, [&](UserAddr address, PteSlot* slot) {
        Page* page = vm_normal_page(ptep_get(slot));
        if (page == nullptr || page->test(PG_ANON))
            return;
        const Pte pte = ptep_get_and_clear(mm.context, address, slot);
        if (pte_dirty(pte))
            page->set(PG_DIRTY);
        set_pte_at(mm.context, address, slot, pte_mkclean(pte_wrprotect(pte)));
    });
    flush_tlb_range(mm.context, start, end);
}

} // namespace faultline
