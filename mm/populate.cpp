// (Linux 6.1 mm/gup.c __mm_populate, populate_vma_page_range, faultin_vma_page_range.)
#include "mm/populate.hpp"

#include <algorithm>

#include "mm/gup.hpp"

namespace faultline {
namespace {

// Brings in [start, end), which lies in one VMA.
Result<void> populate_range(MmStruct& mm, MmapReadGuard& guard, UserAddr start, UserAddr end, u32 foll_flags) {
    while (start < end)
        start += TRY(get_user_pages(mm, guard, start, (end - start) >> PAGE_SHIFT, foll_flags | FOLL_TOUCH, nullptr))
                 << PAGE_SHIFT;
    return {};
}

} // namespace

Result<void> mm_populate(MmStruct& mm, UserAddr start, UserAddr end) {
    ReadGuard guard(mm.mmap_lock);
    while (start < end) {
        const VmArea* vma = find_vma(mm, start);
        if (vma == nullptr || vma->start >= end)
            break;
        const UserAddr from = std::max(start, vma->start), to = std::min(end, vma->end);
        // A shared page must not look written to.
        const bool own_pages = (vma->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;
        if ((vma->flags & VM_LOCKONFAULT) == 0)
            TRY_VOID(populate_range(mm, guard, from, to, own_pages ? u32{FOLL_WRITE} : 0));
        start = to;
    }
    return {};
}

Result<void> populate_for_access(MmStruct& mm, UserAddr start, UserAddr end, bool write) {
    ReadGuard guard(mm.mmap_lock);
    while (start < end) {
        const VmArea* vma = vma_lookup(mm, start);
        if (vma == nullptr)
            return Err(Errno::NOMEM);
        if ((vma->flags & (write ? VM_WRITE : VM_READ)) == 0)
            return Err(Errno::INVAL);
        const UserAddr to = std::min(end, vma->end);
        TRY_VOID(populate_range(mm, guard, start, to, write ? u32{FOLL_WRITE} : 0));
        start = to;
    }
    return {};
}

} // namespace faultline
