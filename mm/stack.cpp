// How far a stack may grow. (Linux mm/mmap.c expand_downwards, fs/exec.c setup_arg_pages.)
#include "mm/stack.hpp"

#include "mm/limits.hpp"
#include "mm/mm_struct.hpp"
#include "mm/unmapped_area.hpp"
#include "mm/vma_edit.hpp"

namespace faultline {
namespace {

// Whether the stack may come down to `start` (page-aligned, below vma.start).
bool may_grow(const MmapWriteLocked& locked, const VmArea& vma, UserAddr start) {
    if (start < FIRST_USER_ADDRESS || vma.end - start > locked.mm().stack_limit)
        return false;
    const u32 pages = (vma.start - start) >> PAGE_SHIFT;
    if (!may_expand_vm(locked, vma.flags, pages) || !may_lock_pages(locked, vma.flags, pages))
        return false;
    // The gap is kept to mappings that a runaway stack could damage; another stack, or PROT_NONE, is its own guard.
    const VmArea* below = vma_prev(vma);
    const bool guarded = below == nullptr || below->flags.has(VM_GROWSDOWN) || !below->flags.has_any(VM_ACCESS_FLAGS);
    return guarded || start - below->end >= STACK_GUARD_GAP;
}

} // namespace

bool expand_stack(MmStruct& mm, UserAddr address) {
    const MmapWriteGuard locked(mm);
    VmArea* vma = find_vma(locked, address);
    if (vma == nullptr)
        return false;
    if (vma->start <= address)
        return true; // another thread has grown it already
    if (!vma->flags.has(VM_GROWSDOWN) || !may_grow(locked, *vma, address.page()))
        return false;
    VmCharge charge; // until the VMA counts
    if (vma->flags.has(VM_ACCOUNT) && !charge.take((vma->start - address.page()) >> PAGE_SHIFT))
        return false;
    vma_set_range(locked, *vma, address.page(), vma->end);
    return true;
}

Result<VmArea*> setup_stack_vma(MmStruct& mm, UserAddr top, u32 bytes) {
    const MmapWriteGuard locked(mm);
    arch_pick_mmap_layout(mm, top);
    VmCharge charge; // until the VMA counts
    if (!charge.take(bytes >> PAGE_SHIFT))
        return Err(Errno::NOMEM);
    VmArea* vma = vma_place(locked, top - bytes, top, VM_DATA_DEFAULT_FLAGS | VM_GROWSDOWN | VM_ACCOUNT, {});
    if (vma == nullptr)
        return Err(Errno::NOMEM);
    return vma;
}

} // namespace faultline
