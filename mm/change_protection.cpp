// mprotect's and mremap's half of the page tables.
#include "mm/filemap.hpp"
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
    walk_page_range(mm, start, end, [&](UserAddr address, PteSlot* slot) {
        if (!pte_present(ptep_get(slot)))
            return;
        // Dirt set meanwhile is in what it returns.
        const Pte old = ptep_get_and_clear(mm.context, address, slot);
        set_pte_at(mm.context, address, slot, pte_modify(vma, old));
    });
    flush_tlb_range(mm.context, start, end);
}

namespace {

void move_pte(MmStruct& mm, UserAddr old_address, PteSlot* from, UserAddr new_address, PteSlot* to, bool flush) {
    const BothLocked locks(pte_lockptr(from), pte_lockptr(to));
    const Pte pte = ptep_get_and_clear(mm.context, old_address, from);
    set_pte_at(mm.context, new_address, to, pte);
    if (flush)
        flush_tlb_page(mm.context, old_address);
}

} // namespace

Result<void> move_page_tables(MmStruct& mm, AddressSpace* mapping, UserAddr old_start, UserAddr new_start, u32 bytes) {
    Result<void> result;
    // Truncation goes from VMA to VMA, and might pass the new one before, the old one after an entry has moved (Linux:
    // take_rmap_locks). And it might free a page that it finds at its new address while a TLB has it at the old one: so
    // that is flushed first (CVE-2018-18281).
    for (u32 offset = 0; offset < bytes; offset += PAGE_SIZE) {
        PteSlot* from = pte_offset(mm, old_start + offset);
        if (from == nullptr || pte_none(ptep_get(from)))
            continue;
        PteSlot* to = pte_alloc(mm, new_start + offset);
        if (to == nullptr) {
            result = Err(Errno::NOMEM);
            break;
        }
        if (mapping == nullptr) {
            move_pte(mm, old_start + offset, from, new_start + offset, to, /*flush=*/false);
            continue;
        }
        const Guard lock(mapping->lock);
        move_pte(mm, old_start + offset, from, new_start + offset, to, /*flush=*/true);
    }
    flush_tlb_range(mm.context, old_start, old_start + bytes);
    return result;
}

} // namespace faultline
