// An absent entry of a file mapping: the page comes from the page cache, and may have to be read first.
#include "mm/file_fault.hpp"

#include <algorithm>

#include "base/trace.hpp"
#include "mm/config.hpp"
#include "mm/cow.hpp"
#include "mm/filemap.hpp"
#include "mm/page_writeback.hpp"
#include "mm/pgtable.hpp"
#include "mm/rmap.hpp"
#include "mm/shmem_swap.hpp"

namespace faultline {

namespace {

// The young, clean entry that shows `page` through `vma`. One place decides about WRITE: a shared mapping's entry has
// it from the start (the first write will only find it clean), unless the file wants to know of the first write; a private
// one's only for the task's own copy.
Pte mk_pte(const Page& page, const VmArea& vma) {
    const Pte pte(page_to_pfn(page), vm_page_prot(vma));
    return vma.shared() && !vma_wants_writenotify(vma) ? maybe_mkwrite(pte, vma) : pte;
}

// What a page that cannot be filled means for the fault. (Linux: vmf_error.)
VmFault fault_of(Errno error) {
    switch (error) {
    case Errno::NOMEM:
        return VM_FAULT_OOM;
    case Errno::HWPOISON:
        return VM_FAULT_HWPOISON;
    default:
        return VM_FAULT_SIGBUS;
    }
}

// Finds or fills the page of the file that vmf asks for. `looked`: it was not cached a moment ago. (Linux: the same name.)
VmFault filemap_fault(VmFaultContext& vmf, PageRef& page, bool looked = false) {
    AddressSpace& mapping = *vmf.vma.mapping;
    const u32 index = linear_page_index(vmf.vma, vmf.address);
    if (index >= nr_file_pages(mapping))
        return VM_FAULT_SIGBUS;
    bool major = false;
    if (!looked)
        page = find_get_page(mapping, index);
    if (!page) {
        if (must_be_read(mapping, index) && vmf.flags.has(FAULT_FLAG_ALLOW_RETRY))
            return VM_FAULT_RETRY;
        if (const auto read = read_cache_page(mapping, index, page, major); !read)
            return fault_of(read.error());
    }
    if (index >= nr_file_pages(mapping)) // truncated since the fault looked
        return VM_FAULT_SIGBUS;
    return major ? VM_FAULT_MAJOR : VM_FAULT_NONE;
}

// Fault-around: maps, young and clean, those of the 16 pages around vmf.address that are cached and not mapped yet.
// Returns whether vmf.address itself is mapped now. (Linux: the same name.)
bool filemap_map_pages(VmFaultContext& vmf) {
    constexpr u32 FAULT_AROUND_BYTES = 16 * PAGE_SIZE; // Linux: fault_around_bytes, 64 KiB; divides a PteTable's range
    const UserAddr window(vmf.address.value() & ~(FAULT_AROUND_BYTES - 1));
    UserAddr start = std::max(window, vmf.vma.start);
    const UserAddr end = std::min(window + FAULT_AROUND_BYTES, vmf.vma.end);

    AddressSpace& mapping = *vmf.vma.mapping;
    const u32 last = std::min(linear_page_index(vmf.vma, end), nr_file_pages(mapping));
    PteSlot* first_slot = vmf.slot - ((vmf.address - start) >> PAGE_SHIFT);
    const Guard cache(mapping.lock); // keeps the pages in the cache
    const Guard lock(pte_lockptr(vmf.slot));
    PteSlot* slot = first_slot;
    while (slot < vmf.slot && !pte_none(ptep_get(slot)))
        ++slot; // mapped already: by the faults before, if the program goes upwards
    start = start + (static_cast<u32>(slot - first_slot) << PAGE_SHIFT);
    first_slot = slot;
    const u32 first = linear_page_index(vmf.vma, start);
    for (auto page = mapping.pages.from(first); page != mapping.pages.end() && page->index < last; ++page) {
        const u32 offset = page->index - first;
        if (!pte_none(ptep_get(first_slot + offset)) || !page->test(PG_UPTODATE))
            continue;
        get_page(*page); // the entry's
        install_pte(vmf.mm, start + (offset << PAGE_SHIFT), first_slot + offset, mk_pte(*page, vmf.vma), *page);
    }
    return !pte_none(ptep_get(vmf.slot));
}

VmFault do_read_fault(VmFaultContext& vmf) {
    if (mm_config.fault_around && filemap_map_pages(vmf))
        return VM_FAULT_NONE;
    PageRef page;
    const VmFault served = filemap_fault(vmf, page, mm_config.fault_around);
    if (!served.has_any(VM_FAULT_ERROR | VM_FAULT_RETRY))
        install_if_still_none(vmf, mk_pte(*page, vmf.vma), page, page.get());
    return served;
}

// A write to private memory that was not read before: makes the copy at once.
VmFault do_cow_fault(VmFaultContext& vmf) {
    PageRef copy = alloc_page(GFP_KERNEL);
    if (!copy || !anon_vma_prepare(vmf.vma))
        return VM_FAULT_OOM;
    PageRef page;
    const VmFault served = filemap_fault(vmf, page);
    if (served.has_any(VM_FAULT_ERROR | VM_FAULT_RETRY))
        return served;
    copy_page(page_address(*copy), page_address(*page));
    page_set_anon_rmap(*copy, vmf.vma, vmf.address);
    install_if_still_none(vmf, written_private_pte(*copy, vmf.vma), copy, page.get());
    return served;
}

// A page of a file becomes dirty through a shared mapping. RETRY: the task has to write some first, without the lock.
VmFault fault_dirty_shared_page(const VmFaultContext& vmf) {
    AddressSpace& mapping = *vmf.vma.mapping;
    if (mapping_can_writeback(mapping) && vmf.flags.has(FAULT_FLAG_ALLOW_RETRY) && over_dirty_limit())
        return VM_FAULT_RETRY;
    if (mapping.ops->update_time != nullptr)
        mapping.ops->update_time(mapping);
    return VM_FAULT_NONE;
}

VmFault do_shared_fault(VmFaultContext& vmf) {
    PageRef page;
    VmFault served = filemap_fault(vmf, page);
    if (!served.has_any(VM_FAULT_ERROR | VM_FAULT_RETRY))
        served |= fault_dirty_shared_page(vmf);
    if (served.has_any(VM_FAULT_ERROR | VM_FAULT_RETRY))
        return served;
    const Page& cached = *page;
    const Pte entry = pte_mkdirty(maybe_mkwrite(mk_pte(cached, vmf.vma), vmf.vma));
    if (!vma_wants_writenotify(vmf.vma)) {
        install_if_still_none(vmf, entry, page, &cached);
        return served;
    }
    AddressSpace& mapping = *vmf.vma.mapping;
    const Guard no_writeback(mapping.lock);
    if (still_cached(cached))
        tag_page_dirty(mapping, *page);
    install_if_still_none(vmf, entry, page, &cached);
    return served;
}

} // namespace

VmFault do_fault(VmFaultContext& vmf) {
    TRACE(File, vmf.address, vmf.orig_pte, linear_page_index(vmf.vma, vmf.address));
    if (!vmf.write())
        return do_read_fault(vmf);
    return vmf.vma.shared() ? do_shared_fault(vmf) : do_cow_fault(vmf);
}

// With the lock of the file, the page becomes dirty and its entry writable at once: for who writes back, either nothing has
// happened, or both.
VmFault wp_page_shared(VmFaultContext& vmf) {
    if (const VmFault wait = fault_dirty_shared_page(vmf); wait != VM_FAULT_NONE)
        return wait;
    AddressSpace& mapping = *vmf.vma.mapping;
    const Guard no_writeback(mapping.lock);
    const Guard lock(pte_lockptr(vmf.slot));
    if (ptep_get(vmf.slot) != vmf.orig_pte)
        return VM_FAULT_NONE;
    Page& page = *vm_normal_page(vmf.orig_pte);
    if (!page.test(PG_ANON)) {   // fixup_user_fault_2011 can leave an anonymous page here
        if (!still_cached(page)) // truncated: the entry is about to go
            return VM_FAULT_NONE;
        tag_page_dirty(mapping, page);
    }
    wp_page_reuse(vmf);
    return VM_FAULT_NONE;
}

} // namespace faultline
