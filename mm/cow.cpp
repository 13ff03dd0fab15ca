// A write to a page that others may share: reuse it if it is the last reference, else break the sharing with a copy.
#include "mm/cow.hpp"

#include "base/trace.hpp"
#include "mm/file_fault.hpp"
#include "mm/filemap.hpp"
#include "mm/pgtable.hpp"
#include "mm/rmap.hpp"
#include "mm/swap_state.hpp"

namespace faultline {

namespace {

// Breaks the sharing: a copy of `old` (none: the zero page) for this task alone.
VmFault wp_page_copy(VmFaultContext& vmf, const PageRef& old) {
    PageRef copy = old ? alloc_page(GFP_KERNEL) : alloc_zeroed_page(GFP_KERNEL);
    if (!copy || !anon_vma_prepare(vmf.vma))
        return VM_FAULT_OOM;
    if (old)
        copy_page(page_address(*copy), page_address(*old));
    page_set_anon_rmap(*copy, vmf.vma, vmf.address);

    PageRef unmapped; // the reference that the entry had to the old page; dropped after the lock
    const Guard lock(pte_lockptr(vmf.slot));
    if (ptep_get(vmf.slot) != vmf.orig_pte)
        return VM_FAULT_NONE;
    TRACE(Copied, vmf.address, vmf.orig_pte, written_private_pte(*copy, vmf.vma));
    // Empty and flush before the new page appears: no CPU may read the old page through its TLB while another already
    // writes the copy, and the old page may be freed right after (ARM ARM B3.10.1, break before make).
    ptep_clear_flush(vmf.mm.context, vmf.address, vmf.slot);
    if (old) {
        page_remove_rmap(vmf.mm, *old);
        unmapped = PageRef(old.get());
    }
    install_pte(vmf.mm, vmf.address, vmf.slot, written_private_pte(*copy, vmf.vma), *copy);
    static_cast<void>(copy.release()); // it is the entry's
    return VM_FAULT_NONE;
}

} // namespace

VmFault do_wp_page(VmFaultContext& vmf) {
    if (vmf.vma.shared() && vma_wants_writenotify(vmf.vma) && vmf.vma.flags.has(VM_WRITE))
        return wp_page_shared(vmf);
    PageRef shared;
    {
        const Guard lock(pte_lockptr(vmf.slot));
        if (ptep_get(vmf.slot) != vmf.orig_pte)
            return VM_FAULT_NONE;
        Page* page = vm_normal_page(vmf.orig_pte);
        if (page != nullptr && page->test(PG_SWAPCACHE))
            try_to_free_swap(*page); // so that the cache's reference is in nobody's way
        const bool alone = page != nullptr && can_reuse_anon(*page);
        if (alone)
            page->set(PG_ANON_EXCLUSIVE);
        if (alone || vmf.vma.flags.has(VM_SHARED | VM_WRITE)) {
            wp_page_reuse(vmf);
            return VM_FAULT_NONE;
        }
        if (page != nullptr)
            shared = PageRef::of(*page);
    }
    return wp_page_copy(vmf, shared);
}

} // namespace faultline
