// An entry that refers to swap: the page comes from the swap cache, and may have to be read first.
#include "mm/swap_fault.hpp"

#include "base/trace.hpp"
#include "mm/cow.hpp"
#include "mm/memory_failure.hpp"
#include "mm/pgtable.hpp"
#include "mm/rmap.hpp"
#include "mm/swap_pte.hpp"
#include "mm/swap_state.hpp"
#include "mm/upcalls.hpp"

namespace faultline {
namespace {

// The page of the slot has lost what was never written there. The entry refers to the frame from here on, like those that showed
// it: so the slot becomes free with the last of them, and swapoff need not know of this.
VmFault lose_swapped(const VmFaultContext& vmf, SwapEntry entry, const Page& page) {
    const Guard lock(pte_lockptr(vmf.slot));
    if (ptep_get(vmf.slot) != vmf.orig_pte)
        return VM_FAULT_NONE;
    zap_swap_pte(vmf.mm, entry);
    set_swap_pte(vmf.mm, vmf.address, vmf.slot, make_hwpoison_entry(page_to_pfn(page)));
    return VM_FAULT_HWPOISON;
}

// Finds or reads the page. With none and VM_FAULT_NONE the entry is out of date: the access is made again.
VmFault swapin(const VmFaultContext& vmf, SwapEntry entry, PageRef& page) {
    page = lookup_swap_cache(entry);
    if (page && is_lost_in_swap_cache(*page)) {
        const VmFault lost = lose_swapped(vmf, entry, *page);
        page = PageRef();
        return lost;
    }
    if (page)
        return VM_FAULT_NONE;
    if (vmf.flags.has(FAULT_FLAG_ALLOW_RETRY))
        return VM_FAULT_RETRY;
    auto read = read_swap_cache(entry);
    if (read) {
        page = std::move(read.value());
        return VM_FAULT_MAJOR;
    }
    switch (read.error()) {
    case Errno::NOMEM:
        return VM_FAULT_OOM;
    case Errno::AGAIN: { // another CPU is about to change the entry: so it holds this lock
        const Guard wait(pte_lockptr(vmf.slot));
        return VM_FAULT_NONE;
    }
    default:
        return VM_FAULT_SIGBUS;
    }
}

// The entry shows the page, young; and dirty and writable if that is asked for and the page is this entry's alone. False: it is
// not what the fault found any more.
bool install_swapped(VmFaultContext& vmf, SwapEntry entry, PageRef& page) {
    const Guard lock(pte_lockptr(vmf.slot));
    const SwappedIn how{vmf.vma.anon_vma, linear_page_index(vmf.vma, vmf.address), vmf.write()};
    if (ptep_get(vmf.slot) != vmf.orig_pte || !map_swap_cache(entry, *page, how))
        return false;
    add_mm_counter(vmf.mm, MM_ANONPAGES, 1);
    add_mm_counter(vmf.mm, MM_SWAPENTS, -1);
    const Pte swapped = vmf.orig_pte;
    vmf.orig_pte = vmf.write() && page->test(PG_ANON_EXCLUSIVE) ? written_private_pte(*page, vmf.vma)
                                                                : Pte(page_to_pfn(*page), vm_page_prot(vmf.vma));
    TRACE(SwappedIn, vmf.address, swapped, vmf.orig_pte);
    set_pte_at(vmf.mm.context, vmf.address, vmf.slot, vmf.orig_pte);
    update_mmu_cache(vmf.mm.context, vmf.address, vmf.slot);
    static_cast<void>(page.release()); // it is the entry's
    return true;
}

} // namespace

VmFault do_swap_page(VmFaultContext& vmf) {
    const SwapEntry entry = pte_to_swp_entry(vmf.orig_pte);
    if (is_hwpoison_entry(entry))
        return VM_FAULT_HWPOISON;
    PageRef page;
    VmFault served = swapin(vmf, entry, page);
    if (!page || !install_swapped(vmf, entry, page))
        return served;
    if (vmf.write() && !pte_write(vmf.orig_pte)) // others have the page, too
        served |= do_wp_page(vmf);
    return served;
}

void swapin_page_range(const MmapReadGuard& mmap_read, UserAddr start, UserAddr end) {
    for (UserAddr address = start; address < end && !fatal_signal_pending(); address += PAGE_SIZE) {
        const PteSlot* slot = pte_offset(mmap_read.mm(), address);
        if (slot == nullptr)
            address = last_page_of_table(address);
        else if (const SwapEntry swapped = swap_slot_of(ptep_get(slot)); swapped != SwapEntry())
            static_cast<void>(read_swap_cache(swapped));
        cond_resched();
    }
}

} // namespace faultline
