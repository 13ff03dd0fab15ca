// get_user_pages and fixup_user_fault, side by side: the first checks whether a page is there, the second makes an
// access possible. Where young and dirty are kept by software these differ, and a caller that needs the second and uses
// the first makes no progress.
#include "mm/gup.hpp"

#include <optional>

#include "base/trace.hpp"
#include "mm/memory.hpp"
#include "mm/mm_struct.hpp"
#include "mm/page_wait.hpp"
#include "mm/pgtable.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

// The access that a caller of get_user_pages stands for, as a fault would name it.
FaultFlags access_of(FollFlags flags) { return flags.has(FOLL_WRITE) ? FAULT_FLAG_WRITE : FAULT_FLAG_NONE; }

// Whether a forced write may go to the page of an entry without WRITE: only to a page that no other entry shows, which
// is what breaking copy-on-write leaves. A dirty entry is no proof of that: fork shares dirty pages, and files have
// some. (Linux 6.1 mm/gup.c can_follow_write_pte; docs/fault-path.md has the story.)
bool can_follow_by_force(Pte pte) {
    const Page* page = vm_normal_page(pte);
    return page != nullptr && page->test(PG_ANON_EXCLUSIVE);
}

// Whether the entry is good enough for get_user_pages. Note what is *not* asked: young, and dirty. FOLL_FORCE: the VMA
// lacks the right. Caller holds the entry's lock.
bool can_follow(Pte pte, FollFlags flags) {
    if (!pte_present(pte))
        return false;
    const bool write = flags.has(FOLL_WRITE);
    if (write && !pte_write(pte))
        return flags.has(FOLL_FORCE) && can_follow_by_force(pte);
    if (flags.has(FOLL_ACCESSIBLE))
        return pte_young(pte) && (!write || pte_dirty(pte));
    return true;
}

// What get_user_pages does about young and dirty: it tells the page. The entry stays as it is.
void touch_page(Page& page, Pte pte, bool write) {
    if (write && !pte_dirty(pte))
        page.set(PG_DIRTY);
    page.set(PG_REFERENCED);
}

// follow_page for a caller that has shown its guard already. Returns the entry of the page that it found, or none. With
// FOLL_GET `page` gets a reference.
Pte follow_page_pte(MmStruct& mm, UserAddr address, FollFlags flags, PageRef* page) {
    const PteSlot* slot = pte_offset(mm, address);
    if (slot == nullptr)
        return {};
    const Guard lock(pte_lockptr(slot));
    const Pte pte = ptep_get(slot);
    if (!can_follow(pte, flags))
        return {};
    Page& found = pfn_to_page(pte_pfn(pte));
    if (flags.has(FOLL_TOUCH) && !pte_special(pte))
        touch_page(found, pte, flags.has(FOLL_WRITE));
    if (flags.has(FOLL_GET))
        *page = PageRef::of(found);
    return pte;
}

Result<void> faultin_and_follow(const MmapReadGuard& mmap_read, VmArea& vma, UserAddr address, FollFlags flags,
                                PageRef* page) {
    while (true) {
        if (fatal_signal_pending())
            return Err(Errno::INTR);
        cond_resched();
        if (const Pte pte = follow_page_pte(mmap_read.mm(), address, flags, page); pte != Pte{}) {
            TRACE(GupFollowed, address, pte);
            return {};
        }
        const VmFault served = handle_mm_fault(mmap_read, vma, address, access_of(flags));
        if (served.has_any(VM_FAULT_ERROR))
            return Err(vm_fault_to_errno(served, flags.has(FOLL_HWPOISON)));
    }
}

// The flags with which to look for a page of the VMA, or nothing if it forbids the access. FOLL_FORCE stays only where
// it stands in for a right that the VMA lacks. (Linux 6.1 mm/gup.c check_vma_flags.)
std::optional<FollFlags> check_vma_flags(const VmArea& vma, FollFlags flags) {
    if (vma_permits_fault(vma, access_of(flags)))
        return flags.without(FOLL_FORCE);
    const bool may_force = flags.has(FOLL_WRITE) ? is_cow_mapping(vma.flags) : vma.flags.has(VM_MAYREAD);
    if (!flags.has(FOLL_FORCE) || !may_force)
        return std::nullopt;
    return flags;
}

// One page, if a VMA permits it.
Result<void> get_user_page(const MmapReadGuard& mmap_read, UserAddr address, FollFlags flags, PageRef* page) {
    const FoundVma vma = vma_lookup(mmap_read, address);
    if (!vma)
        return Err(Errno::FAULT);
    const auto checked = check_vma_flags(*vma, flags);
    if (!checked)
        return Err(Errno::FAULT);
    return faultin_and_follow(mmap_read, *vma, address, *checked, page);
}

} // namespace

PageRef follow_page(const MmapReadGuard& mmap_read, UserAddr address, FollFlags flags) {
    PageRef page;
    if (const Pte pte = follow_page_pte(mmap_read.mm(), address, flags | FOLL_GET, &page); pte != Pte{})
        TRACE(GupFollowed, address, pte);
    return page;
}

Result<u32> get_user_pages(const MmapReadGuard& mmap_read, UserAddr start, u32 nr_pages, FollFlags flags,
                           PageRef* pages) {
    BUG_ON(nr_pages == 0);
    if (pages != nullptr)
        flags |= FOLL_GET;
    for (u32 taken = 0; taken < nr_pages; ++taken) {
        PageRef* page = pages != nullptr ? &pages[taken] : nullptr;
        if (const auto got = get_user_page(mmap_read, start + taken * PAGE_SIZE, flags, page); !got) {
            if (taken > 0)
                return taken;
            return Err(got.error());
        }
    }
    return nr_pages;
}

Result<void> fixup_user_fault(MmStruct& mm, UserAddr address, FaultFlags flags) {
    while (true) {
        {
            const MmapReadGuard mmap_read(mm);
            const FoundVma vma = vma_lookup(mmap_read, address);
            if (!vma || !vma_permits_fault(*vma, flags))
                return Err(Errno::FAULT);
            if (flags.has(FAULT_FLAG_KILLABLE) && fatal_signal_pending())
                return Err(Errno::INTR);

            const VmFault served = handle_mm_fault(mmap_read, *vma, address, flags);
            if (served.has_any(VM_FAULT_ERROR))
                return Err(vm_fault_to_errno(served));
            if (!served.has(VM_FAULT_RETRY))
                return {};
        }
        // The VMA may go meanwhile: look again, and this time wait with the lock held.
        wait_for_page(mm, address);
        flags = flags.without(FAULT_FLAG_ALLOW_RETRY) | FAULT_FLAG_TRIED;
    }
}

Result<void> fixup_user_fault_2011(MmStruct& mm, UserAddr address, FaultFlags flags) {
    const MmapReadGuard mmap_read(mm);
    const FoundVma vma = vma_lookup(mmap_read, address);
    if (!vma)
        return Err(Errno::FAULT);
    const VmFault served = handle_mm_fault(mmap_read, *vma, address, flags);
    if (served.has_any(VM_FAULT_ERROR))
        return Err(vm_fault_to_errno(served, /*report_poison=*/true));
    return {};
}

Errno vm_fault_to_errno(VmFault served, bool report_poison) {
    if (served.has(VM_FAULT_OOM))
        return Errno::NOMEM;
    if (served.has(VM_FAULT_HWPOISON) && report_poison)
        return Errno::HWPOISON;
    return Errno::FAULT;
}

} // namespace faultline
