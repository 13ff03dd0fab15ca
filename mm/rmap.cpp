// The counts that change with every entry that maps a page, and the way from a file's page to its entries.
#include "mm/rmap.hpp"

#include <algorithm>

#include "base/trace.hpp"
#include "mm/pgtable.hpp"
#include "mm/swap_pte.hpp"
#include "mm/swap_state.hpp"

namespace faultline {

void clean_pte(TlbDebt& debt, UserAddr address, PteSlot* slot, Page& page) {
    const Pte pte = ptep_get_and_clear(debt, address, slot);
    if (pte_dirty(pte))
        page.set(PG_DIRTY);
    set_pte_at(debt.context(), address, slot, pte_mkclean(pte_wrprotect(pte)));
}

// A VMA stays in i_mmap until its entries are gone and flushed, and an entry that moves to another VMA does so with the
// lock held (mm/mremap.cpp). fork copies to VMAs further back in the list. So no entry is missed.
void page_mkclean(AddressSpace& mapping, u32 first, u32 end) {
    for (VmArea& vma : mapping.i_mmap) {
        const u32 from = std::max(first, vma.pgoff), to = std::min(end, vma.pgoff + vma.pages());
        if (from >= to || !vma.shared())
            continue;
        TlbDebt debt(vma.mm->context);
        const auto clean = [&](UserAddr address, PteSlot* slot) {
            const Pte pte = ptep_get(slot);
            Page* page = vm_normal_page(pte); // fixup_user_fault_2011 can leave an anonymous page here
            if (page != nullptr && !page->test(PG_ANON) && (pte_dirty(pte) || pte_write(pte)))
                clean_pte(debt, address, slot, *page);
        };
        walk_page_range(*vma.mm, vma.start + ((from - vma.pgoff) << PAGE_SHIFT),
                        vma.start + ((to - vma.pgoff) << PAGE_SHIFT), clean);
    }
}

namespace {

bool was_young(TlbDebt& debt, UserAddr address, PteSlot* slot) {
    const bool young = ptep_test_and_clear_young(debt, address, slot);
    if (young)
        TRACE(PageAged, address, pte_mkyoung(ptep_get(slot)), ptep_get(slot));
    return young;
}

} // namespace

bool page_referenced(AddressSpace& mapping, Page& page) {
    bool referenced = page.test(PG_REFERENCED);
    page.clear(PG_REFERENCED);
    for (VmArea& vma : mapping.i_mmap) {
        TlbDebt debt(vma.mm->context);
        visit_mapping_of(vma, page,
                         [&](UserAddr address, PteSlot* slot) { referenced |= was_young(debt, address, slot); });
    }
    return referenced;
}

namespace {

bool keeps_entries(const VmArea& vma, TtuFlags flags) {
    return vma.flags.has(VM_LOCKED) && !flags.has(TTU_IGNORE_MLOCK);
}

} // namespace

bool try_to_unmap(AddressSpace& mapping, Page& page, TtuFlags flags) {
    for (VmArea& vma : mapping.i_mmap) {
        if (page_mapcount(page) == 0)
            break;
        if (keeps_entries(vma, flags))
            continue;
        TlbDebt debt(vma.mm->context);
        update_hiwater_rss(*vma.mm);
        visit_mapping_of(vma, page, [&](UserAddr address, PteSlot* slot) {
            move_bits_to_page(page, ptep_get_and_clear(debt, address, slot));
            page_remove_rmap(*vma.mm, page);
            BUG_ON(page.refcount.dec_and_test()); // the entry's; the caller has another
            if (flags.has(TTU_HWPOISON)) {
                debt.pay();
                set_swap_pte(*vma.mm, address, slot, make_hwpoison_entry(page_to_pfn(page)));
            }
        });
    }
    return page_mapcount(page) == 0;
}

bool page_referenced(const AnonVmaReader& reader, Page& page) {
    bool referenced = page.test(PG_REFERENCED);
    page.clear(PG_REFERENCED);
    rmap_walk_anon(reader, page, [&](VmArea& vma, UserAddr address, PteSlot* slot) {
        TlbDebt debt(vma.mm->context);
        referenced |= was_young(debt, address, slot);
    });
    return referenced;
}

namespace {

// Empties the entry, and returns what it was in the end: no TLB shows the page any more, while the entry's lock is held, so that
// nobody on another CPU sees a copy of the page before.
Pte clear_and_flush(MmStruct& mm, UserAddr address, PteSlot* slot) {
    TlbDebt debt(mm.context);
    const Pte pte = ptep_get_and_clear(debt, address, slot);
    debt.pay();
    return pte;
}

// The page has lost the entry, which was `pte`. The entry's reference goes; the caller has another.
void unmap_anon(MmStruct& mm, Page& page, Pte pte) {
    update_hiwater_rss(mm);
    move_bits_to_page(page, pte);
    page_remove_rmap(mm, page);
    BUG_ON(page.refcount.dec_and_test());
}

} // namespace

bool try_to_unmap(const AnonVmaReader& reader, Page& page, TtuFlags flags) {
    rmap_walk_anon(reader, page, [&](VmArea& vma, UserAddr address, PteSlot* slot) {
        if (keeps_entries(vma, flags))
            return;
        const SwapEntry entry =
            flags.has(TTU_HWPOISON) ? make_hwpoison_entry(page_to_pfn(page)) : swap_duplicate_of(page);
        if (entry == SwapEntry())
            return;
        page.clear(PG_ANON_EXCLUSIVE);
        unmap_anon(*vma.mm, page, clear_and_flush(*vma.mm, address, slot));
        set_swap_pte(*vma.mm, address, slot, entry);
    });
    return page_mapcount(page) == 0;
}

bool discard_lazyfree(const AnonVmaReader& reader, Page& page) {
    bool discarded = false;
    rmap_walk_anon(reader, page, [&](VmArea& vma, UserAddr address, PteSlot* slot) {
        // With the entry's lock held and two references, the entry's and the caller's, nobody comes by a third.
        if (vma.flags.has(VM_LOCKED) || page.test(PG_DIRTY) || page_count(page) != 2)
            return;
        // A machine that sets dirty itself needs no lock: whether the page was written to is certain once nobody can reach it.
        const Pte pte = clear_and_flush(*vma.mm, address, slot);
        if (pte_dirty(pte)) {
            set_pte_at(vma.mm->context, address, slot, pte);
            return;
        }
        unmap_anon(*vma.mm, page, pte);
        discarded = true;
    });
    return discarded;
}

} // namespace faultline
