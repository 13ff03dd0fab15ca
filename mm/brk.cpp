// brk(2): the heap, one anonymous VMA that follows the program's data. (Linux 6.1 mm/mmap.c.)
#include "mm/brk.hpp"

#include "mm/limits.hpp"
#include "mm/mm_struct.hpp"
#include "mm/munmap.hpp"
#include "mm/populate.hpp"
#include "mm/unmapped_area.hpp"
#include "mm/upcalls.hpp"
#include "mm/vma_edit.hpp"

namespace faultline {
namespace {

// Makes [start, end) heap if it is free and keeps a page's distance to what follows.
bool expand_heap(const MmapWriteLocked& locked, UserAddr start, UserAddr end, bool executable) {
    const MmStruct& mm = locked.mm();
    if (mm.map_count > max_map_count || !get_unmapped_area(locked, start, end - start, true).ok())
        return false;
    const VmArea* next = find_vma(locked, start);
    if (next != nullptr && end + PAGE_SIZE > vm_start_gap(*next))
        return false;
    const VmFlags flags = VM_DATA_DEFAULT_FLAGS | VM_ACCOUNT | mm.def_flags | (executable ? VM_EXEC : VM_NONE);
    const u32 pages = (end - start) >> PAGE_SHIFT;
    VmCharge charge; // until the VMA counts
    if (!may_lock_pages(locked, flags, pages) || !may_expand_vm(locked, flags, pages) || !charge.take(pages))
        return false;
    return vma_place(locked, start, end, flags, {}) != nullptr;
}

// Whether the program's data and a heap up to `new_brk` are within RLIMIT_DATA. (Linux: check_data_rlimit.)
bool within_data_limit(const MmStruct& mm, UserAddr new_brk) {
    const u32 limit = current_mm_limits().data;
    const u64 bytes = u64{new_brk - mm.start_brk} + (mm.end_data - mm.start_data);
    return limit == ~u32{0} || bytes <= u64{limit} << PAGE_SHIFT;
}

// Moves the break if that is possible; returns where it is.
UserAddr move_brk(const MmapWriteLocked& locked, UserAddr new_brk, bool executable) {
    MmStruct& mm = locked.mm();
    if (new_brk < mm.start_brk || new_brk.value() > TASK_SIZE || !within_data_limit(mm, new_brk))
        return mm.brk;
    const UserAddr old_end(page_align_up(mm.brk.value()));
    const UserAddr new_end(page_align_up(new_brk.value()));
    bool moved = true;
    if (new_end < old_end)
        moved = unmap_range(locked, new_end, old_end).ok();
    else if (new_end > old_end)
        moved = expand_heap(locked, old_end, new_end, executable);
    if (moved)
        mm.brk = new_brk;
    return mm.brk;
}

} // namespace

UserAddr do_brk(MmStruct& mm, UserAddr new_brk, bool executable) {
    UserAddr before, after;
    {
        const MmapWriteGuard locked(mm);
        before = mm.brk;
        after = move_brk(locked, new_brk, executable);
    }
    if (mm.def_flags.has(VM_LOCKED) && after > before)
        static_cast<void>(mm_populate(mm, before.page(), UserAddr(page_align_up(after.value()))));
    return after;
}

} // namespace faultline
