// How far pages are brought in. (Linux 6.1 mm/gup.c __mm_populate, populate_vma_page_range, faultin_vma_page_range.)
#include "mm/populate.hpp"

#include <algorithm>

#include "mm/gup.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {
namespace {

// Brings in [start, end), which lies in one VMA.
Result<void> populate_range(const MmapReadGuard& mmap_read, UserAddr start, UserAddr end, FollFlags flags) {
    while (start < end)
        start += TRY(get_user_pages(mmap_read, start, (end - start) >> PAGE_SHIFT, flags | FOLL_TOUCH, nullptr))
                 << PAGE_SHIFT;
    return {};
}

} // namespace

Result<void> mm_populate(MmStruct& mm, UserAddr start, UserAddr end) {
    const MmapReadGuard mmap_read(mm);
    while (start < end) {
        const FoundVma vma = find_vma(mmap_read, start);
        if (!vma || vma->start >= end)
            break;
        const UserAddr from = std::max(start, vma->start), to = std::min(end, vma->end);
        // A shared page must not look written to.
        const bool own_pages = (vma->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;
        if (!vma->flags.has(VM_LOCKONFAULT))
            TRY_VOID(populate_range(mmap_read, from, to, own_pages ? FOLL_WRITE : FOLL_NONE));
        start = to;
    }
    return {};
}

Result<void> populate_for_access(MmStruct& mm, UserAddr start, UserAddr end, bool write) {
    const MmapReadGuard mmap_read(mm);
    while (start < end) {
        const FoundVma vma = vma_lookup(mmap_read, start);
        if (!vma)
            return Err(Errno::NOMEM);
        if (!vma->flags.has(write ? VM_WRITE : VM_READ))
            return Err(Errno::INVAL);
        const UserAddr to = std::min(end, vma->end);
        TRY_VOID(populate_range(mmap_read, start, to, write ? FOLL_WRITE : FOLL_NONE));
        start = to;
    }
    return {};
}

} // namespace faultline
