// remap_file_pages(2), which since Linux 4.0 only asks for another part of the same file at the same place.
#include "mm/remap_file_pages.hpp"

#include "mm/filemap.hpp"
#include "mm/mm_struct.hpp"
#include "mm/mman.hpp"
#include "mm/mmap.hpp"

namespace faultline {

namespace {

struct FilePart {
    MappingRef mapping;
    u32 prot = 0, flags = MAP_SHARED | MAP_FIXED | MAP_POPULATE;
    bool may_write = false;
};

// INVAL: not all of the range is one file mapped shared, with the same rights.
Result<FilePart> part_at(MmStruct& mm, UserAddr start, u32 length) {
    const MmapReadGuard mmap_read(mm);
    const FoundVma vma = vma_lookup(mmap_read, start);
    if (!vma || !vma->shared() || vma->mapping == nullptr)
        return Err(Errno::INVAL);
    for (const VmArea* at = &*vma; at->end < start + length;) {
        const VmArea* next = vma_next(*at);
        if (next == nullptr || next->start != at->end || next->mapping != vma->mapping || next->flags != vma->flags)
            return Err(Errno::INVAL);
        at = next;
    }
    FilePart part;
    part.mapping = MappingRef::of(*vma->mapping);
    part.prot = (vma->flags & VM_ACCESS_FLAGS).bits(); // VM_READ … are PROT_READ …
    part.may_write = vma->flags.has(VM_MAYWRITE);
    if (vma->flags.has(VM_LOCKED))
        part.flags |= MAP_LOCKED;
    return part;
}

} // namespace

Result<void> do_remap_file_pages(MmStruct& mm, UserAddr start, u32 length, u32 prot, u32 pgoff) {
    start = start.page();
    length &= PAGE_MASK;
    if (prot != 0 || start + length <= start || pgoff + (length >> PAGE_SHIFT) < pgoff)
        return Err(Errno::INVAL);
    const FilePart part = TRY(part_at(mm, start, length));
    TRY(do_mmap(mm, start, length, part.prot, part.flags, part.mapping.get(), part.may_write, pgoff));
    return {};
}

} // namespace faultline
