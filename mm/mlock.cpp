// Locking memory: the pages are brought in and stay, the limit holds, and advice does not give them up. (Linux 6.1 mm/mlock.c.)
#include "mm/mlock.hpp"

#include <algorithm>

#include "mm/limits.hpp"
#include "mm/mm_struct.hpp"
#include "mm/mman.hpp"
#include "mm/populate.hpp"
#include "mm/upcalls.hpp"
#include "mm/vma_edit.hpp"

namespace faultline {
namespace {

// Gives every VMA of [start, end) these lock flags. NOMEM: a hole; what lies before it has changed.
Result<void> apply_vma_lock_flags(const MmapWriteLocked& locked, UserAddr start, UserAddr end, VmFlags lock_flags) {
    while (start < end) {
        VmArea* vma = vma_lookup(locked, start);
        if (vma == nullptr)
            return Err(Errno::NOMEM);
        const UserAddr stop = std::min(end, vma->end);
        const VmFlags flags = vma->flags.without(VM_LOCKED_MASK) | lock_flags;
        if (flags != vma->flags)
            TRY(vma_modify_flags(locked, *vma, start, stop, flags));
        start = stop;
        cond_resched();
    }
    return {};
}

// Pages of [start, end) that are locked already.
u32 locked_pages(const MmapWriteLocked& locked, UserAddr start, UserAddr end) {
    u32 pages = 0;
    for (const VmArea* vma = find_vma(locked, start); vma != nullptr && vma->start < end; vma = vma_next(*vma))
        if (vma->flags.has(VM_LOCKED))
            pages += (std::min(vma->end, end) - std::max(vma->start, start)) >> PAGE_SHIFT;
    return pages;
}

// The whole pages that mlock(2)'s range touches. INVAL: the end wraps round, as on Linux.
struct LockRange {
    UserAddr start, end;
};
Result<LockRange> lock_range(UserAddr start, u32 length) {
    const u32 bytes = page_align_up(length + start.page_offset());
    const LockRange range{start.page(), start.page() + bytes};
    if (range.end < range.start)
        return Err(Errno::INVAL);
    return range;
}

// Sets the lock flags of all that is mapped, and those of what will be.
void apply_mlockall_flags(const MmapWriteLocked& locked, u32 flags) {
    const VmFlags on_fault = (flags & MCL_ONFAULT) != 0 ? VM_LOCKONFAULT : VM_NONE;
    locked.mm().def_flags = (flags & MCL_FUTURE) != 0 ? VM_LOCKED | on_fault : VM_NONE;
    if ((flags & (MCL_FUTURE | MCL_CURRENT)) == MCL_FUTURE)
        return;
    const VmFlags lock_flags = (flags & MCL_CURRENT) != 0 ? VM_LOCKED | on_fault : VM_NONE;
    for (UserAddr at; const VmArea* vma = find_vma(locked, at);) {
        at = vma->end;
        static_cast<void>(apply_vma_lock_flags(locked, vma->start, vma->end, lock_flags)); // as far as memory allows
    }
}

} // namespace

Result<void> do_mlock(MmStruct& mm, UserAddr start, u32 length, u32 flags) {
    if ((flags & ~u32{MLOCK_ONFAULT}) != 0)
        return Err(Errno::INVAL);
    const MmRights rights = current_mm_rights();
    if (!rights.may_lock)
        return Err(Errno::PERM);
    const VmFlags lock_flags = VM_LOCKED | ((flags & MLOCK_ONFAULT) != 0 ? VM_LOCKONFAULT : VM_NONE);
    const LockRange range = TRY(lock_range(start, length));
    {
        const MmapWriteGuard locked(mm);
        const u32 more = (range.end - range.start) >> PAGE_SHIFT;
        if (u64{mm.locked_vm} + more > rights.locked &&
            u64{mm.locked_vm} + more - locked_pages(locked, range.start, range.end) > rights.locked)
            return Err(Errno::NOMEM);
        TRY_VOID(apply_vma_lock_flags(locked, range.start, range.end, lock_flags));
    }
    const auto populated = mm_populate(mm, range.start, range.end);
    if (populated.ok())
        return {};
    // The errors of POSIX (Linux: __mlock_posix_error_return).
    const Errno error = populated.error();
    return Err(error == Errno::FAULT ? Errno::NOMEM : error == Errno::NOMEM ? Errno::AGAIN : error);
}

Result<void> do_munlock(MmStruct& mm, UserAddr start, u32 length) {
    const LockRange range = TRY(lock_range(start, length));
    return apply_vma_lock_flags(MmapWriteGuard(mm), range.start, range.end, VM_NONE);
}

Result<void> do_mlockall(MmStruct& mm, u32 flags) {
    if (flags == 0 || (flags & ~u32{MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT}) != 0 || flags == MCL_ONFAULT)
        return Err(Errno::INVAL);
    const MmRights rights = current_mm_rights();
    if (!rights.may_lock)
        return Err(Errno::PERM);
    {
        const MmapWriteGuard locked(mm);
        if ((flags & MCL_CURRENT) != 0 && mm.total_vm > rights.locked)
            return Err(Errno::NOMEM);
        apply_mlockall_flags(locked, flags);
    }
    if ((flags & MCL_CURRENT) != 0)
        static_cast<void>(mm_populate(mm, UserAddr(0), UserAddr(TASK_SIZE)));
    return {};
}

void do_munlockall(MmStruct& mm) { apply_mlockall_flags(MmapWriteGuard(mm), 0); }

} // namespace faultline
