// remap_file_pages(2), which since Linux 4.0 only asks for another part of the same file at the same place.
#include "mm/filemap.hpp"
#include "mm/mman.hpp"
#include "mm/mmap.hpp"

namespace faultline {

namespace {

struct FilePart {
    AddressSpace* mapping = nullptr; // with a reference
    u32 prot = 0, flags = MAP_SHARED | MAP_FIXED | MAP_POPULATE;
    bool may_write = false;
};

// INVAL: not all of the range is one file mapped shared, with the same rights.
Result<FilePart> part_at(MmStruct& mm, UserAddr start, u32 length) {
    const ReadGuard guard(mm.mmap_lock);
    const VmArea* vma = vma_lookup(mm, start);
    if (vma == nullptr || !vma->shared() || vma->mapping == nullptr)
        return Err(Errno::INVAL);
    for (const VmArea* at = vma; at->end < start + length;) {
        const VmArea* next = vma_next(*at);
        if (next == nullptr || next->start != at->end || next->mapping != vma->mapping || next->flags != vma->flags)
            return Err(Errno::INVAL);
        at = next;
    }
    FilePart part;
    part.mapping = vma->mapping;
    part.prot = vma->flags & VM_ACCESS_FLAGS; // VM_READ … are PROT_READ …
    part.may_write = (vma->flags & VM_MAYWRITE) != 0;
    if ((vma->flags & VM_LOCKED) != 0)
        part.flags |= MAP_LOCKED;
    get_mapping(*part.mapping);
    return part;
}

} // namespace

Result<void> do_remap_file_pages(MmStruct& mm, UserAddr start, u32 length, u32 prot, u32 pgoff) {
    start = start.page();
    length &= PAGE_MASK;
    if (prot != 0 || start + length <= start || pgoff + (length >> PAGE_SHIFT) < pgoff)
        return Err(Errno::INVAL);
    const FilePart part = TRY(part_at(mm, start, length));
    const auto mapped = do_mmap(mm, start, length, part.prot, part.flags, part.mapping, part.may_write, pgoff);
    put_mapping(*part.mapping);
    return mapped ? Result<void>() : Result<void>(Err(mapped.error()));
}

} // namespace faultline
