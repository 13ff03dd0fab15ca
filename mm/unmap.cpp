// Taking entries out: pages go when no table and no TLB names them any more.
#include "mm/memory.hpp"
#include "mm/mmu_gather.hpp"
#include "mm/pgtable.hpp"

namespace faultline {

namespace {

// What the entry knew about the page moves to the page: a clean entry can be made again, lost dirt cannot.
void move_bits_to_page(Page& page, Pte pte) {
    if (pte_dirty(pte))
        page.set(PG_DIRTY);
    if (pte_young(pte))
        page.set(PG_REFERENCED);
}

} // namespace

void zap_page_range(MmStruct& mm, UserAddr start, UserAddr end) {
    MmuGather gather(mm);
    const auto zap = [&](UserAddr address, PteSlot* slot) {
        if (pte_none(ptep_get(slot)))
            return;
        const Pte pte = ptep_get_and_clear(mm.context, address, slot);
        Page* page = vm_normal_page(pte);
        if (page != nullptr) {
            move_bits_to_page(*page, pte);
            page_remove_rmap(mm, *page);
        }
        gather.remove(address, page);
    };
    // A table's lock is given up after the flush: with madvise() the area stays, and a fault on another CPU must not map
    // a new page while a TLB has the old one. (ARM ARM B3.10.1: break before make.)
    walk_page_range(mm, start, end, zap, [&] { gather.flush(); });
}

} // namespace faultline
