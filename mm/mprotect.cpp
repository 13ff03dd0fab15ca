// mprotect(2). (Linux 6.1 mm/mprotect.c do_mprotect_pkey, change_protection.)
#include "mm/mprotect.hpp"

#include "mm/cow.hpp"
#include "mm/filemap.hpp"
#include "mm/limits.hpp"
#include "mm/mm_struct.hpp"
#include "mm/mman.hpp"
#include "mm/pgtable.hpp"
#include "mm/upcalls.hpp"
#include "mm/vma_edit.hpp"

namespace faultline {
namespace {

// A private page may become writable again at once only if nobody else has it, else the first write copies it
// (Linux: can_change_pte_writable).
bool can_change_pte_writable(const VmArea& vma, Pte pte) {
    if (!vma.flags.has(VM_WRITE))
        return false;
    if (vma.shared()) // a clean page of a file with storage waits for its first write
        return pte_dirty(pte) || !vma_wants_writenotify(vma);
    const Page* page = vm_normal_page(pte);
    return page != nullptr && can_reuse_anon(*page);
}

// The entry under the VMA's new rights; how it was used so far is kept.
Pte pte_modify(const VmArea& vma, Pte pte) {
    constexpr u32 KEPT = Pte::YOUNG | Pte::DIRTY | Pte::SPECIAL;
    const u32 rights = vm_page_prot(vma) & ~(Pte::YOUNG | Pte::DIRTY);
    const Pte modified(pte_pfn(pte), rights | (pte.bits() & KEPT));
    return can_change_pte_writable(vma, pte) ? pte_mkwrite(modified) : modified;
}

// Gives the present entries of [start, end) the rights of `vma` (its flags already new): keeps young and dirty, never
// adds WRITE to a page that must first be copied.
void change_protection(VmArea& vma, UserAddr start, UserAddr end) {
    MmStruct& mm = *vma.mm;
    TlbDebt debt(mm.context);
    const auto change = [&](UserAddr address, PteSlot* slot) {
        if (!pte_present(ptep_get(slot)))
            return;
        // The exchange returns the dirty bit even if another CPU has just set it.
        const Pte old = ptep_get_and_clear(debt, address, slot);
        set_pte_at(mm.context, address, slot, pte_modify(vma, old));
    };
    walk_page_range(mm, start, end, change, NOTHING_MORE, cond_resched);
}

// Whether the rights in `flags` are all among those the VMA may ever have.
bool within_may_flags(VmFlags flags) {
    constexpr u32 TO_MAY = 4;
    static_assert((VM_ACCESS_FLAGS.bits() << TO_MAY) == VM_MAY_FLAGS.bits());
    return VmFlags(flags.bits() >> TO_MAY).has(flags & VM_ACCESS_FLAGS);
}

// [start, end) lies in `vma`, which may be gone afterwards.
Result<void> mprotect_fixup(const MmapWriteLocked& locked, VmArea& vma, UserAddr start, UserAddr end, VmFlags rights) {
    VmFlags flags = vma.flags.without(VM_ACCESS_FLAGS) | rights;
    if (!within_may_flags(flags))
        return Err(Errno::ACCES);
    if (flags == vma.flags)
        return {};
    const u32 pages = (end - start) >> PAGE_SHIFT;
    if (!is_data_mapping(vma.flags) && is_data_mapping(flags) && !may_expand_data(locked, pages))
        return Err(Errno::NOMEM);
    VmCharge charge; // until the VMA counts
    if (flags.has(VM_WRITE) && !vma.flags.has_any(VM_ACCOUNT | VM_WRITE | VM_SHARED | VM_NORESERVE)) {
        if (!charge.take(pages))
            return Err(Errno::NOMEM);
        flags |= VM_ACCOUNT;
    }
    VmArea* changed = TRY(vma_modify_flags(locked, vma, start, end, flags));
    change_protection(*changed, start, end);
    return {};
}

} // namespace

Result<void> do_mprotect(MmStruct& mm, UserAddr start, u32 length, u32 prot) {
    const u32 grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
    prot &= ~grows;
    if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || start.page_offset() != 0)
        return Err(Errno::INVAL);
    if (length == 0)
        return {};
    const UserAddr end = start + page_align_up(length);
    if (end <= start)
        return Err(Errno::NOMEM);
    if ((prot & ~u32{PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM}) != 0)
        return Err(Errno::INVAL);

    const MmapWriteGuard locked(mm);
    VmArea* vma = find_vma(locked, start);
    if (vma == nullptr || vma->start >= end)
        return Err(Errno::NOMEM);
    if (grows == PROT_GROWSDOWN) {
        if (!vma->flags.has(VM_GROWSDOWN))
            return Err(Errno::INVAL);
        start = vma->start;
    } else if (vma->start > start) {
        return Err(Errno::NOMEM);
    } else if (grows == PROT_GROWSUP) {
        return Err(Errno::INVAL); // nothing grows up on ARM
    }
    for (;;) {
        const UserAddr stop = vma->end < end ? vma->end : end;
        TRY_VOID(mprotect_fixup(locked, *vma, start, stop, VmFlags(prot) & VM_ACCESS_FLAGS));
        if (stop == end)
            return {};
        cond_resched();
        // Joined with what came before or not, the next one starts at `stop` or there is a hole.
        vma = vma_lookup(locked, stop);
        if (vma == nullptr)
            return Err(Errno::NOMEM);
        start = stop;
    }
}

} // namespace faultline
