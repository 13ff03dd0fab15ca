// mprotect(2). (Linux 6.1 mm/mprotect.c do_mprotect_pkey.)
#include "mm/limits.hpp"
#include "mm/memory.hpp"
#include "mm/mman.hpp"
#include "mm/mmap.hpp"
#include "mm/vma_edit.hpp"

namespace faultline {
namespace {

// Whether the rights in `flags` are all among those the VMA may ever have.
bool within_may_flags(u32 flags) {
    static_assert(VM_MAYREAD == VM_READ << 4 && VM_MAYWRITE == VM_WRITE << 4 && VM_MAYEXEC == VM_EXEC << 4);
    return (flags & VM_ACCESS_FLAGS & ~(flags >> 4)) == 0;
}

// [start, end) lies in `vma`, which may be gone afterwards.
Result<void> mprotect_fixup(VmArea& vma, UserAddr start, UserAddr end, u32 rights) {
    const u32 flags = (vma.flags & ~VM_ACCESS_FLAGS) | rights;
    if (!within_may_flags(flags))
        return Err(Errno::ACCES);
    if (flags == vma.flags)
        return {};
    const u32 pages = (end - start) >> PAGE_SHIFT;
    if (!is_data_mapping(vma.flags) && is_data_mapping(flags) &&
        (!may_expand_data(*vma.mm, pages) || !may_commit_mapping(flags, pages)))
        return Err(Errno::NOMEM);
    VmArea* changed = TRY(vma_modify_flags(vma, start, end, flags));
    change_protection(*changed, start, end);
    return {};
}

} // namespace

Result<void> do_mprotect(MmStruct& mm, UserAddr start, u32 length, u32 prot) {
    const u32 grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
    prot &= ~grows;
    if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || start.page_offset() != 0)
        return Err(Errno::INVAL);
    if (length == 0)
        return {};
    const UserAddr end = start + page_align_up(length);
    if (end <= start)
        return Err(Errno::NOMEM);
    if ((prot & ~u32{PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM}) != 0)
        return Err(Errno::INVAL);

    const WriteGuard guard(mm.mmap_lock);
    VmArea* vma = find_vma(mm, start);
    if (vma == nullptr || vma->start >= end)
        return Err(Errno::NOMEM);
    if (grows == PROT_GROWSDOWN) {
        if ((vma->flags & VM_GROWSDOWN) == 0)
            return Err(Errno::INVAL);
        start = vma->start;
    } else if (vma->start > start) {
        return Err(Errno::NOMEM);
    } else if (grows == PROT_GROWSUP) {
        return Err(Errno::INVAL); // nothing grows up on ARM
    }
    for (;;) {
        const UserAddr stop = vma->end < end ? vma->end : end;
        TRY_VOID(mprotect_fixup(*vma, start, stop, prot & VM_ACCESS_FLAGS));
        if (stop == end)
            return {};
        // Joined with what came before or not, the next one starts at `stop` or there is a hole.
        vma = vma_lookup(mm, stop);
        if (vma == nullptr)
            return Err(Errno::NOMEM);
        start = stop;
    }
}

} // namespace faultline
