// brk(2): the heap, one anonymous VMA that follows the program's data. (Linux 6.1 mm/mmap.c.)
#include "mm/limits.hpp"
#include "mm/mmap.hpp"
#include "mm/populate.hpp"
#include "mm/unmapped_area.hpp"
#include "mm/upcalls.hpp"
#include "mm/vma_edit.hpp"

namespace faultline {
namespace {

// Makes [start, end) heap if it is free and keeps a page's distance to what follows.
bool expand_heap(MmStruct& mm, UserAddr start, UserAddr end) {
    if (mm.map_count > MAX_MAP_COUNT || !get_unmapped_area(mm, start, end - start, true).ok())
        return false;
    const VmArea* next = find_vma(mm, start);
    if (next != nullptr && end + PAGE_SIZE > vm_start_gap(*next))
        return false;
    const u32 flags = VM_DATA_DEFAULT_FLAGS | mm.def_flags, pages = (end - start) >> PAGE_SHIFT;
    if (!may_lock_pages(mm, flags, pages) || !may_expand_vm(mm, flags, pages) || !may_commit(pages))
        return false;
    return vma_place(mm, start, end, flags, nullptr, 0) != nullptr;
}

// Whether the program's data and a heap up to `new_brk` are within RLIMIT_DATA. (Linux: check_data_rlimit.)
bool within_data_limit(const MmStruct& mm, UserAddr new_brk) {
    const u32 limit = current_mm_limits().data;
    const u64 bytes = u64{new_brk - mm.start_brk} + (mm.end_data - mm.start_data);
    return limit == ~u32{0} || bytes <= u64{limit} << PAGE_SHIFT;
}

// Moves the break if that is possible; returns where it is. Caller holds mmap_lock for writing.
UserAddr move_brk(MmStruct& mm, UserAddr new_brk) {
    if (new_brk < mm.start_brk || new_brk.value() > TASK_SIZE || !within_data_limit(mm, new_brk))
        return mm.brk;
    const UserAddr old_end(page_align_up(mm.brk.value()));
    const UserAddr new_end(page_align_up(new_brk.value()));
    bool moved = true;
    if (new_end < old_end)
        moved = unmap_range(mm, new_end, old_end).ok();
    else if (new_end > old_end)
        moved = expand_heap(mm, old_end, new_end);
    if (moved)
        mm.brk = new_brk;
    return mm.brk;
}

} // namespace

UserAddr do_brk(MmStruct& mm, UserAddr new_brk) {
    UserAddr before, after;
    {
        const WriteGuard guard(mm.mmap_lock);
        before = mm.brk;
        after = move_brk(mm, new_brk);
    }
    if ((mm.def_flags & VM_LOCKED) != 0 && after > before)
        static_cast<void>(mm_populate(mm, before.page(), UserAddr(page_align_up(after.value()))));
    return after;
}

} // namespace faultline
