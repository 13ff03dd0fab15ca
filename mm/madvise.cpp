// madvise(2). (Linux 6.1 mm/madvise.c.)
#include "mm/madvise.hpp"

#include "mm/aging.hpp"
#include "mm/filemap.hpp"
#include "mm/gup.hpp"
#include "mm/memory_failure.hpp"
#include "mm/mm_struct.hpp"
#include "mm/mman.hpp"
#include "mm/out_of_memory.hpp"
#include "mm/populate.hpp"
#include "mm/swap_fault.hpp"
#include "mm/unmap.hpp"
#include "mm/upcalls.hpp"
#include "mm/vma_edit.hpp"

namespace faultline {
namespace {

bool known(u32 advice) {
    switch (advice) {
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_DONTNEED:
    case MADV_FREE:
    case MADV_REMOVE:
    case MADV_DONTFORK:
    case MADV_DOFORK:
    case MADV_MERGEABLE:
    case MADV_UNMERGEABLE:
    case MADV_DONTDUMP:
    case MADV_DODUMP:
    case MADV_WIPEONFORK:
    case MADV_KEEPONFORK:
    case MADV_COLD:
    case MADV_PAGEOUT:
    case MADV_POPULATE_READ:
    case MADV_POPULATE_WRITE:
    case MADV_DONTNEED_LOCKED:
    case MADV_HWPOISON:
        return true;
    default:
        return false;
    }
}

// Advice about entries: VMAs stay, and faults may go on beside it.
bool leaves_vmas_alone(u32 advice) {
    switch (advice) {
    case MADV_WILLNEED:
    case MADV_DONTNEED:
    case MADV_DONTNEED_LOCKED:
    case MADV_FREE:
    case MADV_REMOVE:
    case MADV_COLD:
    case MADV_PAGEOUT:
        return true;
    default:
        return false;
    }
}

// Frees this part of the file itself; all mappings of it read zeros from now on. Of a disk nothing can be freed: its pages would
// only be forgotten, with what was written to them. (Linux: madvise_remove.)
Result<void> remove_pages(VmArea& vma, UserAddr start, UserAddr end) {
    if (vma.anonymous())
        return Err(Errno::INVAL);
    if (!vma.flags.has(VM_SHARED | VM_WRITE))
        return Err(Errno::ACCES);
    if (mapping_reads(*vma.mapping))
        return Err(Errno::OPNOTSUPP);
    const u32 first = linear_page_index(vma, start);
    truncate_pagecache_range(*vma.mapping, first, first + ((end - start) >> PAGE_SHIFT));
    return {};
}

Result<void> advise_entries(const MmapReadGuard& mmap_read, VmArea& vma, UserAddr start, UserAddr end, u32 advice) {
    if (vma.flags.has(VM_LOCKED) && advice != MADV_DONTNEED_LOCKED && advice != MADV_WILLNEED)
        return Err(Errno::INVAL);
    switch (advice) {
    case MADV_WILLNEED:
        swapin_page_range(mmap_read, start, end);
        if (!vma.anonymous())
            force_page_cache_readahead(*vma.mapping, linear_page_index(vma, start),
                                       linear_page_index(vma, start) + ((end - start) >> PAGE_SHIFT));
        break;
    case MADV_DONTNEED:
    case MADV_DONTNEED_LOCKED:
        zap_page_range(mmap_read.mm(), start, end);
        break;
    case MADV_REMOVE:
        return remove_pages(vma, start, end);
    case MADV_COLD:
        age_page_range(mmap_read, start, end);
        break;
    case MADV_PAGEOUT:
        pageout_page_range(mmap_read, start, end);
        break;
    case MADV_FREE:
        if (!vma.anonymous())
            return Err(Errno::INVAL);
        lazyfree_page_range(mmap_read, start, end);
        break;
    default:
        BUG();
    }
    return {};
}

Result<void> advise_vma(const MmapWriteLocked& locked, VmArea& vma, UserAddr start, UserAddr end, u32 advice) {
    VmFlags flags = vma.flags;
    switch (advice) {
    case MADV_DONTFORK:
        flags |= VM_DONTCOPY;
        break;
    case MADV_DOFORK:
        flags = flags.without(VM_DONTCOPY);
        break;
    case MADV_MERGEABLE:
        if (!vma.shared()) // others are passed over (Linux ksm_madvise)
            flags |= VM_MERGEABLE;
        break;
    case MADV_UNMERGEABLE:
        flags = flags.without(VM_MERGEABLE);
        break;
    case MADV_DONTDUMP:
        flags |= VM_DONTDUMP;
        break;
    case MADV_DODUMP:
        flags = flags.without(VM_DONTDUMP);
        break;
    case MADV_WIPEONFORK:
        if (!vma.anonymous() || vma.shared())
            return Err(Errno::INVAL);
        flags |= VM_WIPEONFORK;
        break;
    case MADV_KEEPONFORK:
        flags = flags.without(VM_WIPEONFORK);
        break;
    case MADV_NORMAL:
        flags = flags.without(VM_RAND_READ | VM_SEQ_READ);
        break;
    case MADV_RANDOM:
        flags = flags.without(VM_SEQ_READ) | VM_RAND_READ;
        break;
    case MADV_SEQUENTIAL:
        flags = flags.without(VM_RAND_READ) | VM_SEQ_READ;
        break;
    default:
        BUG();
    }
    if (flags != vma.flags && !vma_modify_flags(locked, vma, start, end, flags))
        return Err(Errno::AGAIN); // no memory to cut it (Linux: madvise_vma_behavior)
    return {};
}

// The page that the program sees at `address`, and its file, if it is one's.
Result<void> find_page(MmStruct& mm, UserAddr address, PageRef& page, MappingRef& mapping) {
    const MmapReadGuard mmap_read(mm);
    TRY(get_user_pages(mmap_read, address, 1, FOLL_NONE, &page));
    if (AddressSpace* file = vma_lookup(mmap_read, address)->mapping)
        mapping = MappingRef::of(*file);
    return {};
}

// As if the memory had failed. (Linux: madvise_inject_error.)
Result<void> inject_errors(MmStruct& mm, UserAddr start, UserAddr end) {
    if (!current_mm_rights().may_inject_errors)
        return Err(Errno::PERM);
    for (; start < end; start += PAGE_SIZE) {
        PageRef page;
        MappingRef mapping;
        TRY_VOID(retry_without_memory([&] { return find_page(mm, start, page, mapping); }));
        TRY_VOID(memory_failure(std::move(page), std::move(mapping)));
        cond_resched();
    }
    return {};
}

// Applies `advise(guard, vma, start, end, advice)` to the part of each VMA in the range. Holes are passed over, and
// reported as NOMEM when all is done (Linux: madvise_walk_vmas).
template <class Guard, class Advise>
Result<void> walk_vmas(const Guard& guard, UserAddr start, UserAddr end, u32 advice, Advise&& advise) {
    bool hole = false;
    while (start < end) {
        const auto vma = find_vma(guard, start);
        if (!vma || vma->start >= end)
            return Err(Errno::NOMEM);
        if (start < vma->start) {
            hole = true;
            start = vma->start;
        }
        const UserAddr stop = vma->end < end ? vma->end : end;
        TRY_VOID(advise(guard, *vma, start, stop, advice));
        start = stop;
        cond_resched();
    }
    if (hole)
        return Err(Errno::NOMEM);
    return {};
}

} // namespace

Result<void> do_madvise(MmStruct& mm, UserAddr start, u32 length, u32 advice) {
    const UserAddr end = start + page_align_up(length);
    if (!known(advice) || start.page_offset() != 0 || end < start || (length != 0 && end == start))
        return Err(Errno::INVAL);
    if (advice == MADV_POPULATE_READ || advice == MADV_POPULATE_WRITE)
        return populate_for_access(mm, start, end, advice == MADV_POPULATE_WRITE);
    if (advice == MADV_HWPOISON)
        return start < end ? inject_errors(mm, start, end) : Result<void>();
    if (leaves_vmas_alone(advice))
        return walk_vmas(MmapReadGuard(mm), start, end, advice, advise_entries);
    return walk_vmas(MmapWriteGuard(mm), start, end, advice, advise_vma);
}

} // namespace faultline
