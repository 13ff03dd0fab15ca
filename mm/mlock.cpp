// Locking memory. Nothing is ever taken out of memory here, but programs rely on what the calls promise: the pages are
// brought in, the limit holds, and locked pages are not given up by advice. (Linux 6.1 mm/mlock.c.)
#include <algorithm>

#include "mm/limits.hpp"
#include "mm/mman.hpp"
#include "mm/mmap.hpp"
#include "mm/populate.hpp"
#include "mm/upcalls.hpp"
#include "mm/vma_edit.hpp"

namespace faultline {
namespace {

// Gives every VMA of [start, end) the lock flags `locked`. NOMEM: a hole; what lies before it has changed.
Result<void> apply_vma_lock_flags(MmStruct& mm, UserAddr start, UserAddr end, u32 locked) {
    while (start < end) {
        VmArea* vma = vma_lookup(mm, start);
        if (vma == nullptr)
            return Err(Errno::NOMEM);
        const UserAddr stop = std::min(end, vma->end);
        const u32 flags = (vma->flags & ~VM_LOCKED_MASK) | locked;
        if (flags != vma->flags)
            TRY(vma_modify_flags(*vma, start, stop, flags));
        start = stop;
    }
    return {};
}

// Pages of [start, end) that are locked already.
u32 locked_pages(MmStruct& mm, UserAddr start, UserAddr end) {
    u32 pages = 0;
    for (const VmArea* vma = find_vma(mm, start); vma != nullptr && vma->start < end; vma = vma_next(*vma))
        if ((vma->flags & VM_LOCKED) != 0)
            pages += (std::min(vma->end, end) - std::max(vma->start, start)) >> PAGE_SHIFT;
    return pages;
}

// mlock(2) takes any address, and whole pages. The range, whose end may have wrapped as it does on Linux: INVAL.
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
void apply_mlockall_flags(MmStruct& mm, u32 flags) {
    const u32 on_fault = (flags & MCL_ONFAULT) != 0 ? u32{VM_LOCKONFAULT} : 0;
    mm.def_flags = (flags & MCL_FUTURE) != 0 ? VM_LOCKED | on_fault : 0;
    if ((flags & (MCL_FUTURE | MCL_CURRENT)) == MCL_FUTURE)
        return;
    const u32 locked = (flags & MCL_CURRENT) != 0 ? VM_LOCKED | on_fault : 0;
    for (UserAddr at; const VmArea* vma = find_vma(mm, at);) {
        at = vma->end;
        static_cast<void>(apply_vma_lock_flags(mm, vma->start, vma->end, locked)); // as far as memory allows
    }
}

} // namespace

Result<void> do_mlock(MmStruct& mm, UserAddr start, u32 length, u32 flags) {
    if ((flags & ~u32{MLOCK_ONFAULT}) != 0)
        return Err(Errno::INVAL);
    const MmLimits limits = current_mm_limits();
    if (!limits.may_lock)
        return Err(Errno::PERM);
    const u32 locked = VM_LOCKED | ((flags & MLOCK_ONFAULT) != 0 ? u32{VM_LOCKONFAULT} : 0);
    const LockRange range = TRY(lock_range(start, length));
    {
        const WriteGuard guard(mm.mmap_lock);
        const u32 more = (range.end - range.start) >> PAGE_SHIFT;
        if (u64{mm.locked_vm} + more > limits.locked &&
            u64{mm.locked_vm} + more - locked_pages(mm, range.start, range.end) > limits.locked)
            return Err(Errno::NOMEM);
        TRY_VOID(apply_vma_lock_flags(mm, range.start, range.end, locked));
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
    const WriteGuard guard(mm.mmap_lock);
    return apply_vma_lock_flags(mm, range.start, range.end, 0);
}

Result<void> do_mlockall(MmStruct& mm, u32 flags) {
    if (flags == 0 || (flags & ~u32{MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT}) != 0 || flags == MCL_ONFAULT)
        return Err(Errno::INVAL);
    const MmLimits limits = current_mm_limits();
    if (!limits.may_lock)
        return Err(Errno::PERM);
    {
        const WriteGuard guard(mm.mmap_lock);
        if ((flags & MCL_CURRENT) != 0 && mm.total_vm > limits.locked)
            return Err(Errno::NOMEM);
        apply_mlockall_flags(mm, flags);
    }
    if ((flags & MCL_CURRENT) != 0)
        static_cast<void>(mm_populate(mm, UserAddr(0), UserAddr(TASK_SIZE)));
    return {};
}

void do_munlockall(MmStruct& mm) {
    const WriteGuard guard(mm.mmap_lock);
    apply_mlockall_flags(mm, 0);
}

} // namespace faultline
