// Goes through all that can refer to the area: address spaces, files of tmpfs, and the swap cache.
#include "mm/swapoff.hpp"

#include "mm/gup.hpp"
#include "mm/memory.hpp"
#include "mm/pgtable.hpp"
#include "mm/shmem_swap.hpp"
#include "mm/swap_area.hpp"
#include "mm/swap_pte.hpp"
#include "mm/swap_state.hpp"
#include "mm/upcalls.hpp"

namespace faultline {
namespace {

bool is_in_area(const MmStruct& mm, UserAddr address, u32 type) {
    const PteSlot* slot = pte_offset(mm, address);
    const Pte pte = slot != nullptr ? ptep_get(slot) : Pte();
    return is_swap_pte(pte) && pte_to_swp_entry(pte).type() == type;
}

// Each entry is served as if its task had read the page. (Linux: unuse_pte.)
Result<void> unuse_vma(const MmapReadGuard& mmap_read, VmArea& vma, u32 type) {
    MmStruct& mm = mmap_read.mm();
    for (UserAddr address = vma.start; address < vma.end; address += PAGE_SIZE) {
        if (pte_table(mm, address) == nullptr) {
            address = last_page_of_table(address);
            continue;
        }
        while (is_in_area(mm, address, type)) {
            const VmFault served = handle_mm_fault(mmap_read, vma, address, FAULT_FLAG_NONE);
            if (served.has_any(VM_FAULT_ERROR.without(VM_FAULT_HWPOISON))) // a page that is lost needs no slot
                return Err(served.has(VM_FAULT_OOM) ? Errno::NOMEM : Errno::IO);
        }
        cond_resched();
        if (fatal_signal_pending())
            return Err(Errno::INTR);
    }
    return {};
}

Result<void> unuse_mm(MmStruct& mm, u32 type) {
    const MmapReadGuard mmap_read(mm);
    for (VmArea& vma : mm.vmas)
        if (vma.anon_vma != nullptr)
            TRY_VOID(unuse_vma(mmap_read, vma, type));
    return {};
}

Result<void> unuse_all_mms(u32 type) {
    for (MmRef mm = first_mm_in_swap(); mm; mm = next_mm_in_swap(*mm))
        TRY_VOID(unuse_mm(*mm, type));
    return {};
}

// Pages that are in the cache only gives up their slots. Waits for one that is being read or written.
void empty_cache(SwapArea& area) {
    u32 from = 0;
    while (true) {
        PageRef page;
        {
            const Guard lock(area.lock);
            Page* cached = nullptr;
            while (from < area.nr_slots && (cached = area.cached(from)) == nullptr)
                ++from;
            if (cached == nullptr)
                return;
            if (cached->test(PG_LOCKED | PG_WRITEBACK)) {
                park(area.waiters, area.lock);
                continue;
            }
            page = PageRef::of(*cached);
            ++from;
        }
        try_to_free_swap(*page);
    }
}

} // namespace

namespace {

u64 changes_of(SwapArea& area) {
    const Guard lock(area.lock);
    return area.changes;
}

// Waits until something has changed since the area was looked through: a page was on its way then.
void wait_for_change(SwapArea& area, u64 since) {
    const Guard lock(area.lock);
    while (area.used != 0 && area.changes == since)
        park(area.waiters, area.lock);
}

} // namespace

Result<void> try_to_unuse(u32 type) {
    SwapArea& area = swap_area(type);
    while (area.used != 0) {
        const u64 before = changes_of(area);
        TRY_VOID(shmem_unuse(type));
        TRY_VOID(unuse_all_mms(type));
        empty_cache(area);
        wait_for_change(area, before);
        if (fatal_signal_pending())
            return Err(Errno::INTR);
    }
    return {};
}

} // namespace faultline
