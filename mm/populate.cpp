// How far pages are brought in. (Linux 6.1 mm/gup.c __mm_populate, populate_vma_page_range, faultin_vma_page_range.)
#include "mm/populate.hpp"

#include <algorithm>

#include "mm/gup.hpp"
#include "mm/mm_struct.hpp"
#include "mm/out_of_memory.hpp"

namespace faultline {
namespace {

// Brings in [start, end), which lies in one VMA, and moves `start` on as far as it comes.
Result<void> populate_range(const MmapReadGuard& mmap_read, UserAddr& start, UserAddr end, FollFlags flags) {
    while (start < end)
        start += TRY(get_user_pages(mmap_read, start, (end - start) >> PAGE_SHIFT, flags | FOLL_TOUCH, nullptr))
                 << PAGE_SHIFT;
    return {};
}

// mm_populate() with the lock held, as far as there is memory.
Result<void> populate_some(const MmapReadGuard& mmap_read, UserAddr& start, UserAddr end) {
    while (start < end) {
        const FoundVma vma = find_vma(mmap_read, start);
        if (!vma || vma->start >= end)
            break;
        start = std::max(start, vma->start);
        const UserAddr to = std::min(end, vma->end);
        // A shared page must not look written to.
        const bool own_pages = (vma->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;
        if (!vma->flags.has(VM_LOCKONFAULT))
            TRY_VOID(populate_range(mmap_read, start, to, own_pages ? FOLL_WRITE : FOLL_NONE));
        start = to;
    }
    return {};
}

// populate_for_access() with the lock held, as far as there is memory, or up to a hole.
Result<void> populate_some_for_access(const MmapReadGuard& mmap_read, UserAddr& start, UserAddr end, bool write) {
    while (start < end) {
        const FoundVma vma = vma_lookup(mmap_read, start);
        if (!vma)
            return {};
        if (!vma->flags.has(write ? VM_WRITE : VM_READ))
            return Err(Errno::INVAL);
        const UserAddr to = std::min(end, vma->end);
        TRY_VOID(populate_range(mmap_read, start, to, (write ? FOLL_WRITE : FOLL_NONE) | FOLL_HWPOISON));
    }
    return {};
}

} // namespace

Result<void> mm_populate(MmStruct& mm, UserAddr start, UserAddr end) {
    return retry_without_memory([&] { return populate_some(MmapReadGuard(mm), start, end); });
}

Result<void> populate_for_access(MmStruct& mm, UserAddr start, UserAddr end, bool write) {
    TRY_VOID(retry_without_memory([&] { return populate_some_for_access(MmapReadGuard(mm), start, end, write); }));
    return start < end ? Err(Errno::NOMEM) : Result<void>(); // a hole
}

} // namespace faultline
