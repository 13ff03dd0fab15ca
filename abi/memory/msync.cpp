// msync(2): the pages of shared mappings go to the storage of their files.
#include "abi/memory/msync.hpp"

#include "abi/memory/current_mm.hpp"
#include "mm/filemap.hpp"
#include "mm/mm_struct.hpp"
#include "mm/page_writeback.hpp"

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

// The part of a file that a part of the range shows.
struct FilePart {
    MappingRef mapping; // none: nothing is to be written there
    u32 first = 0, end = 0;
};

// Finds the first VMA of [at, end) and moves `at` behind it; the pages of the file that it shows there.
FilePart next_part(MmStruct& mm, UserAddr& at, UserAddr end) {
    const MmapReadGuard mmap_read(mm);
    const FoundVma vma = find_vma(mmap_read, at);
    if (!vma || vma->start >= end) {
        at = end;
        return {};
    }
    const UserAddr from = vma->start < at ? at : vma->start;
    at = vma->end < end ? vma->end : end;
    if (!vma_wants_writenotify(*vma))
        return {};
    const u32 first = linear_page_index(*vma, from);
    return {MappingRef::of(*vma->mapping), first, first + ((at - from) >> PAGE_SHIFT)};
}

// Whether a write of the file failed that one of its mappings in [at, end) was not told of. All of them are told.
bool told_of_error(MmStruct& mm, AddressSpace& mapping, UserAddr at, UserAddr end) {
    const MmapReadGuard mmap_read(mm);
    bool failed = false;
    while (const FoundVma vma = find_vma(mmap_read, at)) {
        if (vma->start >= end)
            break;
        if (vma->mapping == &mapping && mapping.wb_err.check_and_advance(vma->wb_err))
            failed = true;
        at = vma->end;
    }
    return failed;
}

// Writes what is dirty, without the mmap lock. IO.
Result<void> write_range(MmStruct& mm, const PageRange& range) {
    for (UserAddr at = range.start; at < range.end;) {
        const UserAddr from = at;
        const FilePart part = next_part(mm, at, range.end);
        if (!part.mapping)
            continue;
        AddressSpace& mapping = *part.mapping;
        filemap_write_and_wait_range(mapping, part.first, part.end);
        if (told_of_error(mm, mapping, from, at))
            return Err(Errno::IO);
        if (mapping.ops->flush != nullptr)
            TRY_VOID(mapping.ops->flush(mapping));
    }
    return {};
}

} // namespace

// Holes in the range are reported after all the rest has been done (Linux mm/msync.c).
Result<u32> sys_msync(UserAddr start, u32 length, u32 flags) {
    constexpr u32 MS_ASYNC_FLAG = 1, MS_INVALIDATE_FLAG = 2, MS_SYNC_FLAG = 4;
    const bool both = (flags & MS_ASYNC_FLAG) != 0 && (flags & MS_SYNC_FLAG) != 0;
    if ((flags & ~(MS_ASYNC_FLAG | MS_INVALIDATE_FLAG | MS_SYNC_FLAG)) != 0 || both)
        return Err(Errno::INVAL);
    if (start.page_offset() == 0 && page_align_up(length) == 0)
        return 0u; // as in Linux, a length that wraps to 0 when rounded up counts as 0
    const PageRange range = TRY(page_range(start, length));
    MmStruct& mm = current_mm();
    Result<void> mapped{};
    {
        const MmapReadGuard mmap_read(mm);
        if ((flags & MS_INVALIDATE_FLAG) != 0)
            for (const VmArea& vma : mm.vmas)
                if (vma.start < range.end && range.start < vma.end && vma.flags.has(VM_LOCKED))
                    return Err(Errno::BUSY);
        mapped = fully_mapped(mmap_read, range);
    }
    if ((flags & MS_SYNC_FLAG) != 0)
        TRY_VOID(write_range(mm, range));
    TRY_VOID(mapped);
    return 0u;
}

} // namespace faultline
