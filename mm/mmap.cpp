// mmap(2). (Linux 6.1 mm/mmap.c do_mmap, mmap_region.)
#include "mm/mmap.hpp"

#include <algorithm>

#include "mm/filemap.hpp"
#include "mm/limits.hpp"
#include "mm/mm_struct.hpp"
#include "mm/mman.hpp"
#include "mm/munmap.hpp"
#include "mm/populate.hpp"
#include "mm/shmem.hpp"
#include "mm/unmapped_area.hpp"
#include "mm/upcalls.hpp"
#include "mm/vma_edit.hpp"

namespace faultline {
namespace {

static_assert(VmFlags(PROT_READ) == VM_READ && VmFlags(PROT_WRITE) == VM_WRITE && VmFlags(PROT_EXEC) == VM_EXEC);

// All that MAP_SHARED_VALIDATE accepts of a file that supports nothing special (Linux: LEGACY_MAP_MASK).
constexpr u32 LEGACY_MAP_MASK = MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_DENYWRITE | MAP_EXECUTABLE |
                                MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB;

// What the flags make of a mapping, beyond its rights.
Result<VmFlags> sharing_flags(u32 prot, u32 flags, const AddressSpace* mapping, bool may_write) {
    const u32 type = flags & MAP_TYPE;
    const bool grows = (flags & MAP_GROWSDOWN) != 0;
    if (type == MAP_PRIVATE) {
        if (grows && mapping != nullptr)
            return Err(Errno::INVAL);
        return grows ? VM_GROWSDOWN : VM_NONE;
    }
    if (type != MAP_SHARED && (type != MAP_SHARED_VALIDATE || mapping == nullptr))
        return Err(Errno::INVAL);
    if (mapping != nullptr) {
        if (type == MAP_SHARED_VALIDATE && (flags & ~LEGACY_MAP_MASK) != 0)
            return Err(Errno::OPNOTSUPP);
        if ((prot & PROT_WRITE) != 0 && !may_write)
            return Err(Errno::ACCES);
    }
    if (grows)
        return Err(Errno::INVAL);
    // A shared mapping that can never be written differs from a private one only in name (Linux drops VM_SHARED).
    return mapping != nullptr && !may_write ? VM_MAYSHARE : VM_SHARED | VM_MAYSHARE;
}

// Pages of [start, end) that are mapped. (Linux: count_vma_pages_range.)
u32 mapped_pages(const MmapWriteLocked& locked, UserAddr start, UserAddr end) {
    u32 pages = 0;
    for (const VmArea* vma = find_vma(locked, start); vma != nullptr && vma->start < end; vma = vma_next(*vma))
        pages += (std::min(vma->end, end) - std::max(vma->start, start)) >> PAGE_SHIFT;
    return pages;
}

// Maps [start, start + length): what is there now gives way if the place is `fixed`, else nothing is there. (Linux:
// mmap_region.)
Result<void> mmap_region(const MmapWriteLocked& locked, UserAddr start, u32 length, VmFlags vm_flags,
                         AddressSpace* mapping, u32 pgoff, bool fixed) {
    const u32 pages = length >> PAGE_SHIFT;
    if (!may_expand_vm(locked, vm_flags, pages) &&
        !may_expand_vm(locked, vm_flags, pages - mapped_pages(locked, start, start + length)))
        return Err(Errno::NOMEM);
    if (fixed)
        TRY_VOID(unmap_range(locked, start, start + length));
    VmCharge charge; // until the VMA counts
    if (accountable_mapping(vm_flags)) {
        if (!charge.take(pages))
            return Err(Errno::NOMEM);
        vm_flags |= VM_ACCOUNT;
    }
    // Shared memory without a file gets one of its own: that is what makes it the same memory after fork.
    MappingRef shared_memory;
    if (mapping == nullptr && vm_flags.has(VM_SHARED)) {
        shared_memory = TRY(shmem_new(length, "/dev/zero", vm_flags));
        mapping = shared_memory.get();
    }
    if (mapping != nullptr && mapping->ops->mmap != nullptr)
        TRY_VOID(mapping->ops->mmap(*mapping));
    const auto told = mapping != nullptr ? mapping->wb_err.sample() : ErrSeq::Cursor();
    if (vma_place(locked, start, start + length, vm_flags, {mapping, pgoff, nullptr, told}) == nullptr)
        return Err(Errno::NOMEM);
    return {};
}

// do_mmap with the lock held; `length` in whole pages.
Result<UserAddr> mmap_locked(const MmapWriteLocked& locked, UserAddr hint, u32 length, u32 prot, u32 flags,
                             AddressSpace* mapping, bool may_write, u32 pgoff) {
    const MmStruct& mm = locked.mm();
    if (mm.map_count > max_map_count)
        return Err(Errno::NOMEM);
    const bool fixed = (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0;
    const UserAddr start = TRY(get_unmapped_area(locked, hint, length, fixed));
    if ((flags & MAP_FIXED_NOREPLACE) != 0) {
        const VmArea* there = find_vma(locked, start);
        if (there != nullptr && there->start < start + length)
            return Err(Errno::EXIST);
    }
    if ((flags & MAP_LOCKED) != 0 && !current_mm_rights().may_lock)
        return Err(Errno::PERM);
    const VmFlags lock_flags = mm.def_flags | ((flags & MAP_LOCKED) != 0 ? VM_LOCKED : VM_NONE);
    if (!may_lock_pages(locked, lock_flags, length >> PAGE_SHIFT))
        return Err(Errno::AGAIN);
    VmFlags vm_flags = VM_MAY_FLAGS | (VmFlags(prot) & VM_ACCESS_FLAGS) | lock_flags |
                       TRY(sharing_flags(prot, flags, mapping, may_write));
    if (vm_flags.has(VM_MAYSHARE) && !may_write) // without `mapping`: /dev/zero, opened for reading
        vm_flags = vm_flags.without(VM_MAYWRITE);
    if ((flags & MAP_NORESERVE) != 0 && overcommit.memory != OVERCOMMIT_NEVER)
        vm_flags |= VM_NORESERVE;
    TRY_VOID(mmap_region(locked, start, length, vm_flags, mapping, pgoff, fixed));
    return start;
}

} // namespace

Result<UserAddr> do_mmap(MmStruct& mm, UserAddr hint, u32 length, u32 prot, u32 flags, AddressSpace* mapping,
                         bool may_write, u32 pgoff) {
    if (length == 0 || (flags & MAP_HUGETLB) != 0) // there are no huge pages: Linux without hugetlbfs
        return Err(Errno::INVAL);
    if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) == 0)
        hint = hint.page();
    length = page_align_up(length);
    if (length == 0)
        return Err(Errno::NOMEM);
    if (mapping == nullptr)
        pgoff = 0; // means nothing without a file
    if (pgoff + (length >> PAGE_SHIFT) < pgoff)
        return Err(Errno::OVERFLOWED);

    const auto start = [&] {
        const MmapWriteGuard locked(mm);
        return mmap_locked(locked, hint, length, prot, flags, mapping, may_write, pgoff);
    }();
    // Brings in pages for MAP_LOCKED and MAP_POPULATE. A failure is not reported here; the access to the page shows it.
    const bool locked = mm.def_flags.has(VM_LOCKED) || (flags & MAP_LOCKED) != 0;
    if (start.ok() && (locked || (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE))
        static_cast<void>(mm_populate(mm, start.value(), start.value() + length));
    return start;
}

} // namespace faultline
