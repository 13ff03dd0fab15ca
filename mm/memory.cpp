// handle_mm_fault and what it finds: no page in memory, a page to be copied first, or an entry that was only old, clean or stale.
//
//   handle_mm_fault ─► handle_pte_fault ─┬─ absent ────► do_anonymous_page │ do_fault (mm/file_fault.cpp) │ do_swap_page (mm/swap_fault.cpp)
//                                        ├─ read-only ─► do_wp_page (mm/cow.cpp)
//                                        └─ else ──────► make_accessible: young, dirty, or nothing: a spurious fault
//
// Everything is decided from the entry as first read. Under the lock of its table the entry is compared once more; if
// it has changed, the fault returns: the access is made again, and faults again if need be.
#include "mm/memory.hpp"

#include "base/trace.hpp"
#include "mm/cow.hpp"
#include "mm/file_fault.hpp"
#include "mm/filemap.hpp"
#include "mm/pgtable.hpp"
#include "mm/rmap.hpp"
#include "mm/swap_fault.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

void install_pte(MmStruct& mm, UserAddr address, PteSlot* slot, Pte entry, Page& page) {
    page_add_rmap(mm, page);
    set_pte_at(mm.context, address, slot, entry);
    update_mmu_cache(mm.context, address, slot);
}

void install_if_still_none(VmFaultContext& vmf, Pte entry, PageRef& page, const Page* cached) {
    const Guard lock(pte_lockptr(vmf.slot));
    if (pte_none(ptep_get(vmf.slot)) && (cached == nullptr || still_cached(*cached)))
        install_pte(vmf.mm, vmf.address, vmf.slot, entry, *page.release());
}

Pte written_private_pte(const Page& page, const VmArea& vma) {
    return maybe_mkwrite(pte_mkdirty(Pte(page_to_pfn(page), vm_page_prot(vma))), vma);
}

namespace {

VmFault do_anonymous_page(VmFaultContext& vmf) {
    if (!vmf.write()) {
        const Pte zeros = Pte(page_to_pfn(zero_page()), vm_page_prot(vmf.vma) | Pte::SPECIAL);
        const Guard lock(pte_lockptr(vmf.slot));
        if (pte_none(ptep_get(vmf.slot))) {
            TRACE(ZeroPage, vmf.address, vmf.orig_pte, zeros);
            set_pte_at(vmf.mm.context, vmf.address, vmf.slot, zeros);
            update_mmu_cache(vmf.mm.context, vmf.address, vmf.slot);
        }
        return VM_FAULT_NONE;
    }
    PageRef page = alloc_zeroed_page(GFP_KERNEL);
    if (!page || !anon_vma_prepare(vmf.vma))
        return VM_FAULT_OOM;
    page_set_anon_rmap(*page, vmf.vma, vmf.address);
    TRACE(Anonymous, vmf.address, vmf.orig_pte, written_private_pte(*page, vmf.vma));
    install_if_still_none(vmf, written_private_pte(*page, vmf.vma), page);
    return VM_FAULT_NONE;
}

// The entry is there and permits the access as far as WRITE goes: it was old, clean, or this CPU's TLB is behind.
inline VmFault make_accessible(MmStruct& mm, UserAddr address, FaultFlags flags, PteSlot* slot, Pte orig_pte) {
    const Guard lock(pte_lockptr(slot));
    if (ptep_get(slot) != orig_pte)
        return VM_FAULT_NONE;
    const u32 missing = Pte::YOUNG | if_write(flags, Pte::DIRTY);
    if (ptep_add_flags(mm.context, address, slot, missing)) {
        TRACE(MadeAccessible, address, orig_pte, orig_pte.with(missing));
    } else {
        TRACE(Spurious, address, orig_pte);
        if (flags.has(FAULT_FLAG_WRITE))
            flush_tlb_fix_spurious_fault(mm.context, address);
    }
    return VM_FAULT_NONE;
}

// The page is not there, or it has to be copied first.
[[gnu::noinline]] VmFault handle_missing(MmStruct& mm, VmArea& vma, UserAddr address, FaultFlags flags, PteSlot* slot,
                                         Pte orig_pte) {
    VmFaultContext vmf{mm, vma, address, flags, slot, orig_pte};
    if (pte_none(vmf.orig_pte))
        return is_unstable(vmf.mm) ? VM_FAULT_SIGBUS : vmf.vma.anonymous() ? do_anonymous_page(vmf) : do_fault(vmf);
    return pte_present(vmf.orig_pte) ? do_wp_page(vmf) : do_swap_page(vmf);
}

inline VmFault handle_pte_fault(MmStruct& mm, VmArea& vma, UserAddr address, FaultFlags flags, PteSlot* slot) {
    const Pte entry = ptep_get(slot);
    if (entry.has(Pte::PRESENT | if_write(flags, Pte::WRITE))) [[likely]]
        return make_accessible(mm, address, flags, slot, entry);
    return handle_missing(mm, vma, address, flags, slot, entry);
}

} // namespace

VmFault handle_mm_fault_locked(MmStruct& mm, VmArea& vma, UserAddr address, FaultFlags flags) {
    MmTask& task = current_mm_task();
    TRACE(HandleMmFault, address, flags);
    BUG_ON(task.pagefault_disabled != 0); // this may sleep
    lockdep::might_sleep();
    PteSlot* slot = pte_alloc(mm, address);
    if (slot == nullptr)
        return VM_FAULT_OOM;
    const VmFault served = handle_pte_fault(mm, vma, address.page(), flags, slot);
    // It counts for the task that asked; as major if it was tried again: then it has waited (Linux: mm_account_fault).
    if (served == VM_FAULT_NONE && !flags.has(FAULT_FLAG_TRIED)) [[likely]]
        ++task.min_flt;
    else if (is_served(served))
        ++task.maj_flt;
    return served;
}

} // namespace faultline
