// The memory calls: descriptors become mappings, then mm/ does the work.
#include "arch/contract/memory.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/fs/files.hpp"
#include "kernel/proc/syscalls.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/filemap.hpp"
#include "mm/gup.hpp"
#include "mm/mman.hpp"
#include "mm/mmap.hpp"
#include "mm/pgtable.hpp"

namespace faultline {

namespace {

MmStruct& current_mm() { return *current()->mm.mm; }

Result<UserAddr> mmap_file(UserAddr address, u32 length, u32 prot, u32 flags, File& file, u32 page_offset) {
    if (!file.readable())
        return Err(Errno::ACCES);
    AddressSpace* mapping = file_mapping(file);
    if (mapping == nullptr && !maps_as_zeros(file))
        return Err(Errno::NODEV);
    return do_mmap(current_mm(), address, length, prot, flags, mapping, file.writable(), page_offset);
}

// The pages of [start, start + length), for calls that take whole pages and round the length up. INVAL:
// misaligned; NOMEM: the range wraps or ends past the last user page.
struct PageRange {
    UserAddr start, end;
};
Result<PageRange> page_range(UserAddr start, u32 length) {
    if (start.page_offset() != 0)
        return Err(Errno::INVAL);
    const u32 bytes = page_align_up(length);
    if (bytes < length || start.value() > TASK_SIZE || bytes > TASK_SIZE - start.value())
        return Err(Errno::NOMEM);
    return PageRange{start, start + bytes};
}

// NOMEM: some page of the range is not mapped. Caller holds the mmap lock.
Result<void> fully_mapped(MmStruct& mm, const PageRange& range) {
    for (UserAddr at = range.start; at < range.end;) {
        const VmArea* vma = vma_lookup(mm, at);
        if (vma == nullptr)
            return Err(Errno::NOMEM);
        at = vma->end;
    }
    return {};
}

} // namespace

u32 sys_brk(UserAddr new_brk) { return do_brk(current_mm(), new_brk).value(); }

Result<UserAddr> sys_mmap2(UserAddr address, u32 length, u32 prot, u32 flags, s32 fd, u32 page_offset) {
    if ((flags & MAP_ANONYMOUS) != 0)
        return do_mmap(current_mm(), address, length, prot, flags, nullptr, true, page_offset);
    File* file = TRY(fget(fd));
    const auto mapped = mmap_file(address, length, prot, flags, *file, page_offset);
    fput(*file);
    return mapped;
}

Result<void> sys_munmap(UserAddr start, u32 length) { return do_munmap(current_mm(), start, length); }
Result<void> sys_mprotect(UserAddr start, u32 length, u32 prot) {
    return do_mprotect(current_mm(), start, length, prot);
}
Result<UserAddr> sys_mremap(UserAddr old_address, u32 old_length, u32 new_length, u32 flags,
                            UserAddr new_address) {
    return do_mremap(current_mm(), old_address, old_length, new_length, flags, new_address);
}
Result<void> sys_madvise(UserAddr start, u32 length, u32 advice) {
    return do_madvise(current_mm(), start, length, advice);
}

// There is no storage behind any file, so all is always in step; what is left is to check the arguments.
Result<u32> sys_msync(UserAddr start, u32 length, u32 flags) {
    constexpr u32 MS_ASYNC_FLAG = 1, MS_INVALIDATE_FLAG = 2, MS_SYNC_FLAG = 4;
    const bool both = (flags & MS_ASYNC_FLAG) != 0 && (flags & MS_SYNC_FLAG) != 0;
    if ((flags & ~(MS_ASYNC_FLAG | MS_INVALIDATE_FLAG | MS_SYNC_FLAG)) != 0 || both)
        return Err(Errno::INVAL);
    const PageRange range = TRY(page_range(start, length));
    ReadGuard guard(current_mm().mmap_lock);
    TRY_VOID(fully_mapped(current_mm(), range));
    return 0u;
}

namespace {

// Whether the page's data are in memory: mapped here, or in the file's cache.
bool resident(MmStruct& mm, UserAddr address) {
    const VmArea& vma = *vma_lookup(mm, address);
    const PteSlot* slot = pte_offset(mm, address);
    if (slot != nullptr && pte_present(ptep_get(slot)))
        return true;
    Page* page =
        vma.mapping != nullptr ? find_get_page(*vma.mapping, linear_page_index(vma, address)) : nullptr;
    if (page != nullptr)
        put_page(*page);
    return page != nullptr;
}

} // namespace

Result<u32> sys_mincore(UserAddr start, u32 length, UserAddr vector) {
    const PageRange range = TRY(page_range(start, length));
    MmStruct& mm = current_mm();
    for (UserAddr at = range.start; at < range.end; at += PAGE_SIZE) {
        bool in_core = false;
        {
            ReadGuard guard(mm.mmap_lock); // not held while the answer is stored, which may fault
            if (vma_lookup(mm, at) == nullptr)
                return Err(Errno::NOMEM);
            in_core = resident(mm, at);
        }
        TRY_VOID(put_user_u8(vector + ((at - range.start) >> PAGE_SHIFT), in_core ? 1 : 0));
    }
    return 0u;
}

// Nothing is ever taken out of memory, so a locked page only has to be brought in.
Result<u32> sys_mlock(UserAddr start, u32 length) {
    const PageRange range = TRY(page_range(start.page(), length + start.page_offset()));
    MmStruct& mm = current_mm();
    ReadGuard guard(mm.mmap_lock);
    TRY_VOID(fully_mapped(mm, range));
    for (UserAddr at = range.start; at < range.end; at += PAGE_SIZE) {
        const VmArea* vma = vma_lookup(mm, at);
        if (vma == nullptr)
            return Err(Errno::NOMEM);
        const bool for_write = (vma->flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;
        if (!get_user_pages(mm, guard, at, 1, for_write ? u32{FOLL_WRITE} : 0, nullptr))
            return Err(Errno::NOMEM);
    }
    return 0u;
}

Result<u32> sys_munlock(UserAddr start, u32 length) {
    const PageRange range = TRY(page_range(start.page(), length + start.page_offset()));
    ReadGuard guard(current_mm().mmap_lock);
    TRY_VOID(fully_mapped(current_mm(), range));
    return 0u;
}

Result<u32> sys_mlockall(u32 flags) {
    constexpr u32 KNOWN_FLAGS = 0x7; // MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT
    if (flags == 0 || (flags & ~KNOWN_FLAGS) != 0 || flags == 0x4)
        return Err(Errno::INVAL);
    return 0u;
}

u32 sys_munlockall() { return 0; }

// Data caches and instruction caches are one to the walker of QEMU, but not to the architecture: what was
// written must be cleaned and the old instructions invalidated, page by page through the kernel's own
// mapping.
Result<u32> sys_cacheflush(UserAddr start, UserAddr end, u32 flags) {
    if (end < start || flags != 0)
        return Err(Errno::INVAL);
    if (!access_ok(start, end - start))
        return Err(Errno::FAULT);
    MmStruct& mm = current_mm();
    for (UserAddr at = start; at < end; at = at.page() + PAGE_SIZE) {
        Page* page = nullptr;
        {
            ReadGuard guard(mm.mmap_lock);
            if (!get_user_pages(mm, guard, at.page(), 1, FOLL_GET, &page))
                return Err(Errno::FAULT);
        }
        flush_icache_range(page_address(*page), PAGE_SIZE);
        put_page(*page);
    }
    return 0u;
}

} // namespace faultline
