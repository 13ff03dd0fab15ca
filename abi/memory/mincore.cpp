// Reports which pages are in memory, one page at a time. (Linux mm/mincore.c.)
#include "abi/memory/mincore.hpp"

#include "abi/memory/current_mm.hpp"
#include "arch/contract/uaccess.hpp"
#include "mm/filemap.hpp"
#include "mm/mmap.hpp"
#include "mm/pgtable.hpp"

namespace faultline {

namespace {

// Whether the page at `address` is mapped here or is in the page cache of its file. Caller holds the mmap lock.
bool resident(MmStruct& mm, UserAddr address) {
    const VmArea& vma = *vma_lookup(mm, address);
    const PteSlot* slot = pte_offset(mm, address);
    if (slot != nullptr && pte_present(ptep_get(slot)))
        return true;
    Page* page = vma.mapping != nullptr ? find_get_page(*vma.mapping, linear_page_index(vma, address)) : nullptr;
    if (page != nullptr)
        put_page(*page);
    return page != nullptr;
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
            ReadGuard guard(mm.mmap_lock); // released before the result is stored, because the store may fault
            if (vma_lookup(mm, at) == nullptr)
                return Err(Errno::NOMEM);
            in_core = resident(mm, at);
        }
        TRY_VOID(put_user_u8(vector + ((at - range.start) >> PAGE_SHIFT), in_core ? 1 : 0));
    }
    return 0u;
}

} // namespace faultline
