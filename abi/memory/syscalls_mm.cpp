// The memory calls: descriptors become mappings, then mm/ does the work.
#include <asm/resource.h>
#include <linux/capability.h>

#include "abi/cred/cred.hpp"
#include "abi/fs/files.hpp"
#include "abi/fs/inode.hpp"
#include "abi/process/pidfd.hpp"
#include "abi/process/syscalls.hpp"
#include "abi/task/thread_group.hpp"
#include "arch/contract/memory.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/filemap.hpp"
#include "mm/gup.hpp"
#include "mm/memory.hpp"
#include "mm/mman.hpp"
#include "mm/mmap.hpp"
#include "mm/pgtable.hpp"

namespace faultline {

namespace {

MmStruct& current_mm() { return *current()->mm.mm; }

Result<UserAddr> mmap_file(UserAddr address, u32 length, u32 prot, u32 flags, File& file, u32 page_offset) {
    // As far as they do not depend on the file, the arguments come first (Linux do_mmap).
    if (length == 0 || (flags & MAP_TYPE) == 0 || (flags & MAP_TYPE) > MAP_SHARED_VALIDATE)
        return Err(Errno::INVAL);
    if (!file.readable())
        return Err(Errno::ACCES);
    AddressSpace* mapping = file_mapping(file);
    if (mapping == nullptr && !maps_as_zeros(file))
        return Err(Errno::NODEV);
    if (mapping == nullptr && (flags & MAP_TYPE) != MAP_PRIVATE && (prot & PROT_WRITE) != 0 && !file.writable())
        return Err(Errno::ACCES);             // /dev/zero shared is a file of its own, but opened like this one
    file.inode->atime_ns = current_time_ns(); // as read(2) does (Linux file_accessed)
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
Result<UserAddr> sys_mremap(UserAddr old_address, u32 old_length, u32 new_length, u32 flags, UserAddr new_address) {
    return do_mremap(current_mm(), old_address, old_length, new_length, flags, new_address);
}
Result<void> sys_madvise(UserAddr start, u32 length, u32 advice) {
    return do_madvise(current_mm(), start, length, advice);
}

Result<void> sys_remap_file_pages(UserAddr start, u32 length, u32 prot, u32 pgoff, u32) {
    return do_remap_file_pages(current_mm(), start, length, prot, pgoff);
}

// There is no storage behind any file, so all is always in step; what is left is to check the arguments. Holes are
// reported when all has been looked at (Linux msync).
Result<u32> sys_msync(UserAddr start, u32 length, u32 flags) {
    constexpr u32 MS_ASYNC_FLAG = 1, MS_INVALIDATE_FLAG = 2, MS_SYNC_FLAG = 4;
    const bool both = (flags & MS_ASYNC_FLAG) != 0 && (flags & MS_SYNC_FLAG) != 0;
    if ((flags & ~(MS_ASYNC_FLAG | MS_INVALIDATE_FLAG | MS_SYNC_FLAG)) != 0 || both)
        return Err(Errno::INVAL);
    if (start.page_offset() == 0 && page_align_up(length) == 0)
        return 0u; // a length that wraps counts as none, as on Linux
    const PageRange range = TRY(page_range(start, length));
    MmStruct& mm = current_mm();
    ReadGuard guard(mm.mmap_lock);
    if ((flags & MS_INVALIDATE_FLAG) != 0)
        for (const VmArea* vma = find_vma(mm, range.start); vma != nullptr && vma->start < range.end;
             vma = vma_next(*vma))
            if ((vma->flags & VM_LOCKED) != 0)
                return Err(Errno::BUSY);
    TRY_VOID(fully_mapped(mm, range));
    return 0u;
}

namespace {

// Whether the page's data are in memory: mapped here, or in the file's cache.
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
            ReadGuard guard(mm.mmap_lock); // not held while the answer is stored, which may fault
            if (vma_lookup(mm, at) == nullptr)
                return Err(Errno::NOMEM);
            in_core = resident(mm, at);
        }
        TRY_VOID(put_user_u8(vector + ((at - range.start) >> PAGE_SHIFT), in_core ? 1 : 0));
    }
    return 0u;
}

Result<void> sys_mlock(UserAddr start, u32 length) { return do_mlock(current_mm(), start, length, 0); }
Result<void> sys_mlock2(UserAddr start, u32 length, u32 flags) { return do_mlock(current_mm(), start, length, flags); }
Result<void> sys_munlock(UserAddr start, u32 length) { return do_munlock(current_mm(), start, length); }
Result<void> sys_mlockall(u32 flags) { return do_mlockall(current_mm(), flags); }
u32 sys_munlockall() {
    do_munlockall(current_mm());
    return 0;
}

// The memory of a process that has been killed, given back before it gets to its own exit. Only what is nobody
// else's: private pages. (Linux 6.1 mm/oom_kill.c process_mrelease, __oom_reap_task_mm.)
Result<u32> sys_process_mrelease(s32 pidfd, u32 flags) {
    if (flags != 0)
        return Err(Errno::INVAL);
    const ThreadGroup& group = *TRY(pidfd_process(pidfd));
    MmStruct* mm = group.leader->mm.mm;
    if (mm == nullptr)
        return Err(Errno::SRCH);
    if (!group.group_exit)
        return Err(Errno::INVAL);
    mmget(*mm); // its owner may be gone when the lock is ours
    {
        ReadGuard guard(mm->mmap_lock);
        for (const VmArea& vma : mm->vmas)
            if (!vma.shared())
                zap_page_range(*mm, vma.start, vma.end);
    }
    mmput(*mm);
    return 0u;
}

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
