// Reports which pages are in memory, one page at a time. (Linux mm/mincore.c.)
#include "abi/memory/mincore.hpp"

#include "abi/memory/current_mm.hpp"
#include "arch/contract/uaccess.hpp"
#include "mm/filemap.hpp"
#include "mm/mm_struct.hpp"
#include "mm/pgtable.hpp"
#include "mm/swap_state.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

// Whether the page at `address` is mapped here, or is in the cache of its file or of swap.
bool resident(const VmArea& vma, UserAddr address) {
    const PteSlot* slot = pte_offset(*vma.mm, address);
    const Pte pte = slot != nullptr ? ptep_get(slot) : Pte();
    if (pte_present(pte))
        return true;
    if (is_swap_pte(pte)) {
        const SwapEntry swapped = swap_slot_of(pte);
        return swapped == SwapEntry() || lookup_swap_cache(swapped); // what is lost need not be waited for (as Linux)
    }
    return vma.mapping != nullptr && is_cached(*vma.mapping, linear_page_index(vma, address));
}

} // namespace

Result<u32> sys_mincore(UserAddr start, u32 length, UserAddr vector) {
    const PageRange range = TRY(page_range(start, length));
    if (!access_ok(vector, (range.end - range.start) >> PAGE_SHIFT))
        return Err(Errno::FAULT);
    MmStruct& mm = current_mm();
    for (UserAddr at = range.start; at < range.end; at += PAGE_SIZE) {
        bool in_core = false;
        {
            const MmapReadGuard mmap_read(mm); // released before the result is stored, because the store may fault
            const FoundVma vma = vma_lookup(mmap_read, at);
            if (!vma)
                return Err(Errno::NOMEM);
            in_core = resident(*vma, at);
        }
        TRY_VOID(put_user_u8(vector + ((at - range.start) >> PAGE_SHIFT), in_core ? 1 : 0));
        if (fatal_signal_pending())
            return Err(Errno::INTR);
        cond_resched();
    }
    return 0u;
}

} // namespace faultline
