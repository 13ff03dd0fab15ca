// get_user_pages and fixup_user_fault, side by side: the first looks whether a page is there, the second
// makes an access possible. Where young and dirty are kept by software these differ, and a caller that needs
// the second but uses the first never gets on.
#include "mm/gup.hpp"

#include "mm/memory.hpp"
#include "mm/pgtable.hpp"

namespace faultline {

namespace {

// The access that a caller of get_user_pages stands for, as a fault would name it.
FaultFlag access_of(u32 foll_flags) { return (foll_flags & FOLL_WRITE) != 0 ? FAULT_FLAG_WRITE : FAULT_FLAG_NONE; }

// Whether the entry is good enough for get_user_pages. Note what is *not* asked: young, and dirty.
bool can_follow(Pte pte, u32 foll_flags) {
    if (!pte_present(pte))
        return false;
    const bool write = (foll_flags & FOLL_WRITE) != 0;
    if (write && !pte_write(pte))
        return false;
    if ((foll_flags & FOLL_ACCESSIBLE) != 0)
        return pte_young(pte) && (!write || pte_dirty(pte));
    return true;
}

// What get_user_pages does about young and dirty: it tells the page. The entry stays as it is.
void touch_page(Page& page, Pte pte, bool write) {
    if (write && !pte_dirty(pte))
        page.set(PG_DIRTY);
    page.set(PG_REFERENCED);
}

Result<Page*> faultin_and_follow(MmStruct& mm, MmapReadGuard& guard, VmArea& vma, UserAddr address, u32 foll_flags) {
    while (true) {
        if (fatal_signal_pending())
            return Err(Errno::INTR);
        cond_resched();
        if (Page* page = follow_page(mm, address, foll_flags))
            return page;
        const u32 served = handle_mm_fault(guard, vma, address, access_of(foll_flags));
        if ((served & VM_FAULT_ERROR) != 0)
            return Err(vm_fault_to_errno(served));
    }
}

} // namespace

Page* follow_page(MmStruct& mm, UserAddr address, u32 foll_flags) {
    const PteSlot* slot = pte_offset(mm, address);
    if (slot == nullptr)
        return nullptr;
    const Guard lock(pte_lockptr(slot));
    const Pte pte = ptep_get(slot);
    if (!can_follow(pte, foll_flags))
        return nullptr;
    Page& page = pfn_to_page(pte_pfn(pte));
    if ((foll_flags & FOLL_TOUCH) != 0 && !pte_special(pte))
        touch_page(page, pte, (foll_flags & FOLL_WRITE) != 0);
    if ((foll_flags & FOLL_GET) != 0)
        get_page(page);
    return &page;
}

Result<u32> get_user_pages(MmStruct& mm, MmapReadGuard& guard, UserAddr start, u32 nr_pages, u32 foll_flags,
                           Page** pages) {
    BUG_ON(!guard.held() || nr_pages == 0);
    if (pages != nullptr)
        foll_flags |= FOLL_GET;
    for (u32 taken = 0; taken < nr_pages; ++taken) {
        const UserAddr address = start + taken * PAGE_SIZE;
        VmArea* vma = vma_lookup(mm, address);
        Result<Page*> page = Err(Errno::FAULT);
        if (vma != nullptr && vma_permits_fault(*vma, access_of(foll_flags)))
            page = faultin_and_follow(mm, guard, *vma, address, foll_flags);
        if (!page) {
            if (taken > 0)
                return taken;
            return Err(page.error());
        }
        if (pages != nullptr)
            pages[taken] = *page;
    }
    return nr_pages;
}

Result<MmapLock> fixup_user_fault(MmStruct& mm, MmapReadGuard& guard, UserAddr address, u32 fault_flags) {
    BUG_ON(!guard.held());
    MmapLock lock = MmapLock::Kept;
    while (true) {
        VmArea* vma = vma_lookup(mm, address);
        if (vma == nullptr || !vma_permits_fault(*vma, fault_flags))
            return Err(Errno::FAULT);
        if ((fault_flags & FAULT_FLAG_KILLABLE) != 0 && fatal_signal_pending())
            return Err(Errno::INTR);

        const u32 served = handle_mm_fault(guard, *vma, address, fault_flags);
        if ((served & VM_FAULT_ERROR) != 0)
            return Err(vm_fault_to_errno(served));
        if ((served & VM_FAULT_RETRY) == 0)
            return lock;

        // It dropped the lock to wait. The VMA may be gone: look again, and this time wait with the lock
        // held.
        guard.relock();
        lock = MmapLock::Reacquired;
        fault_flags = (fault_flags & ~FAULT_FLAG_ALLOW_RETRY) | FAULT_FLAG_TRIED;
    }
}

Result<void> fixup_user_fault_2011(MmStruct& mm, MmapReadGuard& guard, UserAddr address, u32 fault_flags) {
    VmArea* vma = vma_lookup(mm, address);
    if (vma == nullptr)
        return Err(Errno::FAULT);
    const u32 served = handle_mm_fault(guard, *vma, address, fault_flags);
    if ((served & VM_FAULT_ERROR) != 0)
        return Err(vm_fault_to_errno(served, /*report_poison=*/true));
    return {};
}

} // namespace faultline
