// VMAs as objects: made, copied, freed, and what their rights mean for an entry.
#include "mm/vma.hpp"

#include "mm/filemap.hpp"
#include "mm/mm_struct.hpp"
#include "mm/slab.hpp"

namespace faultline {
namespace {

constinit KmemCache vm_area_cache("vm_area_struct", sizeof(VmArea), alignof(VmArea));

} // namespace

VmArea* vm_area_alloc(MmStruct& mm) {
    VmArea* vma = kmem_new<VmArea>(vm_area_cache);
    if (vma != nullptr)
        vma->mm = &mm;
    return vma;
}

VmArea* vm_area_dup(const VmArea& vma) {
    VmArea* copy = vm_area_alloc(*vma.mm);
    if (copy == nullptr)
        return nullptr;
    copy->start = vma.start;
    copy->end = vma.end;
    copy->flags = vma.flags;
    copy->mapping = vma.mapping;
    copy->pgoff = vma.pgoff;
    if (copy->mapping != nullptr)
        get_mapping(*copy->mapping);
    return copy;
}

void vm_area_free(VmArea& vma) {
    BUG_ON(vma.i_mmap_link.is_linked());
    AddressSpace* mapping = vma.mapping;
    kmem_delete(vm_area_cache, &vma);
    if (mapping != nullptr)
        put_mapping(*mapping);
}

u32 vm_page_prot(const VmArea& vma) {
    u32 entry_flags = Pte::PRESENT | Pte::YOUNG;
    // ARMv7 cannot say "write only" or "execute only": any right includes reading (Linux arch/arm
    // protection_map).
    if ((vma.flags & VM_ACCESS_FLAGS) != 0)
        entry_flags |= Pte::USER;
    if ((vma.flags & VM_EXEC) == 0)
        entry_flags |= Pte::NOEXEC;
    if (vma.shared())
        entry_flags |= Pte::SHARED;
    return entry_flags;
}

} // namespace faultline
