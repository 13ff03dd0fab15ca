// brk(2): the heap, one anonymous VMA that follows the program's data. (Linux 6.1 mm/mmap.c.)
#include "mm/mmap.hpp"
#include "mm/unmapped_area.hpp"
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
    return vma_place(mm, start, end, VM_DATA_DEFAULT_FLAGS, nullptr, 0) != nullptr;
}

} // namespace

UserAddr do_brk(MmStruct& mm, UserAddr new_brk) {
    const WriteGuard guard(mm.mmap_lock);
    if (new_brk < mm.start_brk || new_brk.value() > TASK_SIZE)
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

} // namespace faultline
