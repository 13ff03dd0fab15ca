// mprotect's and mremap's half of the page tables.
#include "mm/memory.hpp"
#include "mm/pgtable.hpp"

namespace faultline {

namespace {

// A private page may become writable again at once only if nobody else has it, else the first write copies it
// (Linux: can_change_pte_writable).
bool can_change_pte_writable(const VmArea& vma, Pte pte) {
    if ((vma.flags & VM_WRITE) == 0)
        return false;
    if (vma.shared())
        return true;
    const Page* page = vm_normal_page(pte);
    return page != nullptr && page->test(PG_ANON) && page_count(*page) == 1;
}

// The entry under the VMA's new rights; how it was used so far is kept.
Pte pte_modify(const VmArea& vma, Pte pte) {
    constexpr u32 KEPT = Pte::YOUNG | Pte::DIRTY | Pte::SPECIAL;
    const u32 rights = vm_page_prot(vma) & ~(Pte::YOUNG | Pte::DIRTY);
    const Pte modified(pte_pfn(pte), rights | (pte.bits() & KEPT));
    return can_change_pte_writable(vma, pte) ? pte_mkwrite(modified) : modified;
}

} // namespace

void change_protection(VmArea& vma, UserAddr start, UserAddr end) {
    MmStruct& mm = *vma.mm;
    {
        Guard lock(mm.page_table_lock);
        walk_page_range(mm, start, end, [&](UserAddr address, PteSlot* slot) {
            if (!pte_present(ptep_get(slot)))
                return;
            const Pte old =
                ptep_get_and_clear(mm.context, address, slot); // dirt set meanwhile is in what it returns
            set_pte_at(mm.context, address, slot, pte_modify(vma, old));
        });
    }
    flush_tlb_range(mm.context, start, end);
}

Result<void> move_page_tables(MmStruct& mm, UserAddr old_start, UserAddr new_start, u32 bytes) {
    Result<void> result;
    for (u32 offset = 0; offset < bytes; offset += PAGE_SIZE) {
        PteSlot* from = pte_offset(mm, old_start + offset);
        if (from == nullptr || pte_none(ptep_get(from)))
            continue;
        PteSlot* to = pte_alloc(mm, new_start + offset);
        if (to == nullptr) {
            result = Err(Errno::NOMEM);
            break;
        }
        Guard lock(mm.page_table_lock);
        const Pte pte = ptep_get_and_clear(mm.context, old_start + offset, from);
        set_pte_at(mm.context, new_start + offset, to, pte);
    }
    flush_tlb_range(mm.context, old_start, old_start + bytes);
    return result;
}

} // namespace faultline
