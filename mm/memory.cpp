// handle_mm_fault and what it finds: an absent entry (anonymous memory or a file's page), an entry to be
// copied before it is written, or an entry that was only old, clean or stale.
//
//   handle_mm_fault ─► handle_pte_fault ─┬─ none ──────► do_anonymous_page │ do_fault ─► read, cow, shared
//                                        ├─ read-only ─► do_wp_page ─► reuse │ copy
//                                        └─ else ──────► young, dirty, or nothing: a spurious fault
//
// Everything is decided from the entry as first read; under the lock of its table the entry is compared once
// more, and if it has changed the fault simply returns: the access will be tried again and find what it
// finds.
#include "mm/memory.hpp"

#include "mm/config.hpp"
#include "mm/filemap.hpp"
#include "mm/page_alloc.hpp"
#include "mm/pgtable.hpp"
#include "mm/vm_fault.hpp"

namespace faultline {

Pte mk_pte(const Page& page, const VmArea& vma) {
    const Pte pte(page_to_pfn(page), vm_page_prot(vma));
    return vma.shared() ? maybe_mkwrite(pte, vma) : pte;
}

void install_pte(MmStruct& mm, UserAddr address, PteSlot* slot, Pte entry, Page& page) {
    page_add_rmap(mm, page);
    set_pte_at(mm.context, address, slot, entry);
    update_mmu_cache(mm.context, address, slot);
}

namespace {

// The entry of a page that is this task's own: writable as far as the VMA allows, and dirty because it is
// being written right now.
Pte written_private_pte(const Page& page, const VmArea& vma) {
    return maybe_mkwrite(pte_mkdirty(Pte(page_to_pfn(page), vm_page_prot(vma))), vma);
}

// Puts a page of the caller's where the fault found nothing; gives it back if somebody was faster, or if `cached`, the
// file's page that it is or was copied from, has been truncated: then the access is tried again, and finds out.
u32 install_if_still_none(VmFaultContext& vmf, Pte entry, Page& page, const Page* cached = nullptr) {
    {
        const Guard lock(pte_lockptr(vmf.slot));
        if (pte_none(ptep_get(vmf.slot)) && (cached == nullptr || still_cached(*cached))) {
            install_pte(vmf.mm, vmf.address, vmf.slot, entry, page);
            return 0;
        }
    }
    put_page(page);
    return 0;
}

u32 do_anonymous_page(VmFaultContext& vmf) {
    if (!vmf.write()) {
        const Pte zeros = Pte(page_to_pfn(zero_page()), vm_page_prot(vmf.vma) | Pte::SPECIAL);
        const Guard lock(pte_lockptr(vmf.slot));
        if (pte_none(ptep_get(vmf.slot))) {
            set_pte_at(vmf.mm.context, vmf.address, vmf.slot, zeros);
            update_mmu_cache(vmf.mm.context, vmf.address, vmf.slot);
        }
        return 0;
    }
    Page* page = alloc_zeroed_page();
    if (page == nullptr)
        return VM_FAULT_OOM;
    page->set(PG_ANON);
    return install_if_still_none(vmf, written_private_pte(*page, vmf.vma), *page);
}

u32 do_read_fault(VmFaultContext& vmf) {
    if (mm_config.fault_around && filemap_map_pages(vmf))
        return 0;
    const u32 served = filemap_fault(vmf);
    if ((served & (VM_FAULT_ERROR | VM_FAULT_RETRY)) != 0)
        return served;
    return served | install_if_still_none(vmf, mk_pte(*vmf.page, vmf.vma), *vmf.page, vmf.page);
}

// A write to a private file mapping nobody has read yet: straight to the copy.
u32 do_cow_fault(VmFaultContext& vmf) {
    Page* copy = alloc_page();
    if (copy == nullptr)
        return VM_FAULT_OOM;
    const u32 served = filemap_fault(vmf);
    if ((served & (VM_FAULT_ERROR | VM_FAULT_RETRY)) != 0) {
        put_page(*copy);
        return served;
    }
    copy_page(page_address(*copy), page_address(*vmf.page));
    copy->set(PG_ANON);
    install_if_still_none(vmf, written_private_pte(*copy, vmf.vma), *copy, vmf.page);
    put_page(*vmf.page);
    return served;
}

void fault_dirty_shared_page(VmFaultContext& vmf) {
    AddressSpace& mapping = *vmf.vma.mapping;
    if (mapping.ops->update_time != nullptr)
        mapping.ops->update_time(mapping);
}

u32 do_shared_fault(VmFaultContext& vmf) {
    const u32 served = filemap_fault(vmf);
    if ((served & (VM_FAULT_ERROR | VM_FAULT_RETRY)) != 0)
        return served;
    fault_dirty_shared_page(vmf);
    return served | install_if_still_none(vmf, pte_mkdirty(mk_pte(*vmf.page, vmf.vma)), *vmf.page, vmf.page);
}

u32 do_fault(VmFaultContext& vmf) {
    if (!vmf.write())
        return do_read_fault(vmf);
    return vmf.vma.shared() ? do_shared_fault(vmf) : do_cow_fault(vmf);
}

// The page may be written where it is: only the entry was against it. Caller holds its lock.
void wp_page_reuse(VmFaultContext& vmf) {
    const Pte entry = maybe_mkwrite(pte_mkdirty(pte_mkyoung(vmf.orig_pte)), vmf.vma);
    if (ptep_set_access_flags(vmf.mm.context, vmf.address, vmf.slot, entry, true))
        update_mmu_cache(vmf.mm.context, vmf.address, vmf.slot);
}

// Breaks the sharing: a copy for this task alone. `old` (nullptr: the zero page) comes with a reference of
// ours.
u32 wp_page_copy(VmFaultContext& vmf, Page* old) {
    Page* copy = old != nullptr ? alloc_page() : alloc_zeroed_page();
    if (copy == nullptr) {
        if (old != nullptr)
            put_page(*old);
        return VM_FAULT_OOM;
    }
    if (old != nullptr)
        copy_page(page_address(*copy), page_address(*old));
    copy->set(PG_ANON);

    bool replaced = false;
    {
        const Guard lock(pte_lockptr(vmf.slot));
        if (ptep_get(vmf.slot) == vmf.orig_pte) {
            // Empty and flush before the new page appears: no CPU may read the old page through its TLB while
            // another already writes the copy, and the old page may be freed right after (ARM ARM B3.10.1,
            // break before make).
            [[maybe_unused]] const Pte gone = ptep_get_and_clear(vmf.mm.context, vmf.address, vmf.slot);
            flush_tlb_page(vmf.mm.context, vmf.address);
            install_pte(vmf.mm, vmf.address, vmf.slot, written_private_pte(*copy, vmf.vma), *copy);
            if (old != nullptr)
                page_remove_rmap(vmf.mm, *old);
            replaced = true;
        }
    }
    if (!replaced)
        put_page(*copy);
    if (old != nullptr) {
        put_page(*old); // ours
        if (replaced)
            put_page(*old); // the entry's
    }
    return 0;
}

// A write to a present entry without WRITE: copy on write, a shared page that was write-protected to be
// cleaned, or (only from fixup_user_fault_2011) a mapping that may not be written at all.
u32 do_wp_page(VmFaultContext& vmf) {
    Page* page = nullptr;
    {
        const Guard lock(pte_lockptr(vmf.slot));
        if (ptep_get(vmf.slot) != vmf.orig_pte)
            return 0;
        page = vm_normal_page(vmf.orig_pte);
        const bool shared_writable = vmf.vma.shared() && (vmf.vma.flags & VM_WRITE) != 0;
        const bool last_reference = page != nullptr && page->test(PG_ANON) && page_count(*page) == 1;
        if (shared_writable || last_reference) {
            wp_page_reuse(vmf);
            return 0;
        }
        if (page != nullptr)
            get_page(*page);
    }
    return wp_page_copy(vmf, page);
}

// The entry is there and permits the access as far as WRITE goes: it was old, clean, or this CPU's TLB is
// behind.
u32 make_accessible(VmFaultContext& vmf) {
    const Guard lock(pte_lockptr(vmf.slot));
    if (ptep_get(vmf.slot) != vmf.orig_pte)
        return 0;
    const Pte young = pte_mkyoung(vmf.orig_pte);
    if (ptep_set_access_flags(vmf.mm.context, vmf.address, vmf.slot, vmf.write() ? pte_mkdirty(young) : young,
                              vmf.write()))
        update_mmu_cache(vmf.mm.context, vmf.address, vmf.slot);
    else if (vmf.write())
        flush_tlb_fix_spurious_fault(vmf.mm.context, vmf.address);
    return 0;
}

u32 handle_pte_fault(VmFaultContext& vmf) {
    vmf.orig_pte = ptep_get(vmf.slot);
    if (pte_none(vmf.orig_pte))
        return vmf.vma.anonymous() ? do_anonymous_page(vmf) : do_fault(vmf);
    if (vmf.write() && !pte_write(vmf.orig_pte))
        return do_wp_page(vmf);
    return make_accessible(vmf);
}

} // namespace

u32 handle_mm_fault(MmapReadGuard& guard, VmArea& vma, UserAddr address, u32 flags) {
    BUG_ON(!guard.held());
    MmTask& task = current_mm_task();
    BUG_ON(task.pagefault_disabled != 0); // this may sleep
    lockdep::might_sleep();
    MmStruct& mm = *vma.mm;
    PteSlot* slot = pte_alloc(mm, address);
    if (slot == nullptr)
        return VM_FAULT_OOM;

    VmFaultContext vmf{guard, mm, vma, address.page(), flags, slot, {}, nullptr};
    const u32 served = handle_pte_fault(vmf);
    if ((served & (VM_FAULT_ERROR | VM_FAULT_RETRY)) == 0) {
        // Whoever asked pays, and a fault that had to be tried again has waited (Linux: mm_account_fault).
        const bool major = (served & VM_FAULT_MAJOR) != 0 || (flags & FAULT_FLAG_TRIED) != 0;
        ++(major ? task.maj_flt : task.min_flt);
    }
    return served;
}

} // namespace faultline
