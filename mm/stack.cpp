// Stacks: VMAs that grow down to meet a fault. (Linux mm/mmap.c expand_downwards, fs/exec.c setup_arg_pages.)
#include "mm/limits.hpp"
#include "mm/mm_struct.hpp"
#include "mm/mmap.hpp"
#include "mm/unmapped_area.hpp"
#include "mm/vma_edit.hpp"

namespace faultline {
namespace {

// Whether the stack may come down to `start` (page-aligned, below vma.start).
bool may_grow(const VmArea& vma, UserAddr start) {
    if (start < FIRST_USER_ADDRESS || vma.end - start > vma.mm->stack_limit)
        return false;
    const u32 pages = (vma.start - start) >> PAGE_SHIFT;
    if (!may_expand_vm(*vma.mm, vma.flags, pages) || !may_lock_pages(*vma.mm, vma.flags, pages))
        return false;
    // The gap is kept to mappings that a runaway stack could damage; another stack, or PROT_NONE, is its own
    // guard.
    const VmArea* below = vma_prev(vma);
    const bool guarded =
        below == nullptr || (below->flags & VM_GROWSDOWN) != 0 || (below->flags & VM_ACCESS_FLAGS) == 0;
    return guarded || start - below->end >= STACK_GUARD_GAP;
}

} // namespace

namespace {

// Grows the stack above `address`, if there is one by now. (Linux: expand_stack.)
void expand_stack(MmStruct& mm, UserAddr address) {
    const WriteGuard guard(mm.mmap_lock);
    VmArea* vma = find_vma(mm, address);
    if (vma != nullptr && vma->start > address && (vma->flags & VM_GROWSDOWN) != 0 && may_grow(*vma, address.page()))
        vma_set_range(*vma, address.page(), vma->end);
}

} // namespace

VmArea* find_extend_vma(MmStruct& mm, MmapReadGuard& guard, UserAddr address) {
    VmArea* vma = find_vma(mm, address);
    if (vma == nullptr || vma->start <= address) [[likely]]
        return vma;
    if ((vma->flags & VM_GROWSDOWN) == 0)
        return nullptr;
    guard.unlock();
    expand_stack(mm, address);
    guard.relock();
    return vma_lookup(mm, address);
}

Result<VmArea*> setup_stack_vma(MmStruct& mm, UserAddr top, u32 bytes) {
    const WriteGuard guard(mm.mmap_lock);
    arch_pick_mmap_layout(mm, top);
    VmArea* vma = vma_place(mm, top - bytes, top, VM_DATA_DEFAULT_FLAGS | VM_GROWSDOWN, nullptr, 0);
    if (vma == nullptr)
        return Err(Errno::NOMEM);
    return vma;
}

} // namespace faultline
