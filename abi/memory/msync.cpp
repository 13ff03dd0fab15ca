// Checks the arguments of msync(2). Files have no storage behind them, so there is nothing to write back.
#include "abi/memory/msync.hpp"

#include "abi/memory/current_mm.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {

namespace {

// NOMEM: some page of the range is not mapped.
Result<void> fully_mapped(const MmapReadGuard& mmap_read, const PageRange& range) {
    for (UserAddr at = range.start; at < range.end;) {
        const FoundVma vma = vma_lookup(mmap_read, at);
        if (!vma)
            return Err(Errno::NOMEM);
        at = vma->end;
    }
    return {};
}

} // namespace

// Holes in the range are reported after the whole range has been checked for locked mappings (Linux mm/msync.c).
Result<u32> sys_msync(UserAddr start, u32 length, u32 flags) {
    constexpr u32 MS_ASYNC_FLAG = 1, MS_INVALIDATE_FLAG = 2, MS_SYNC_FLAG = 4;
    const bool both = (flags & MS_ASYNC_FLAG) != 0 && (flags & MS_SYNC_FLAG) != 0;
    if ((flags & ~(MS_ASYNC_FLAG | MS_INVALIDATE_FLAG | MS_SYNC_FLAG)) != 0 || both)
        return Err(Errno::INVAL);
    if (start.page_offset() == 0 && page_align_up(length) == 0)
        return 0u; // as in Linux, a length that wraps to 0 when rounded up counts as 0
    const PageRange range = TRY(page_range(start, length));
    MmStruct& mm = current_mm();
    const MmapReadGuard mmap_read(mm);
    if ((flags & MS_INVALIDATE_FLAG) != 0)
        for (const VmArea& vma : mm.vmas)
            if (vma.start < range.end && range.start < vma.end && vma.flags.has(VM_LOCKED))
                return Err(Errno::BUSY);
    TRY_VOID(fully_mapped(mmap_read, range));
    return 0u;
}

} // namespace faultline
