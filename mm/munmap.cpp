// munmap(2). (Linux 6.1 mm/mmap.c do_mas_munmap.)
#include "mm/munmap.hpp"

#include <algorithm>

#include "mm/limits.hpp"
#include "mm/mm_struct.hpp"
#include "mm/pgtable.hpp"
#include "mm/unmap.hpp"
#include "mm/unmapped_area.hpp"
#include "mm/upcalls.hpp"
#include "mm/vma_edit.hpp"

namespace faultline {

Result<void> unmap_range(const MmapWriteLocked& locked, UserAddr start, UserAddr end) {
    MmStruct& mm = locked.mm();
    VmArea* first = find_vma(locked, start);
    if (first == nullptr || first->start >= end)
        return {};
    const bool cut = first->start < start;
    if (cut) {
        if (end < first->end && mm.map_count >= max_map_count)
            return Err(Errno::NOMEM);
        first = TRY(split_vma(locked, *first, start));
    }
    VmArea* last = end <= first->end ? first : vma_lookup(locked, end);
    if (last != nullptr && last->start < end && end < last->end) {
        if (const auto done = split_vma(locked, *last, end); !done.ok()) {
            if (cut)
                vma_merge(locked, *first);
            return Err(done.error());
        }
    }

    update_hiwater_vm(mm);
    zap_page_range(mm, start, end); // the pages; flushed, so that afterwards the tables may go
    const VmArea* below = vma_prev(*first);
    VmArea* vma = first;
    while (vma != nullptr && vma->start < end) {
        VmArea* next = vma_next(*vma);
        remove_vm_struct(locked, *vma);
        vm_area_free(*vma);
        vma = next;
        cond_resched();
    }
    note_free_area(locked, end);

    UserAddr floor(start.value() & PMD_MASK);
    UserAddr ceiling((end.value() + PMD_SIZE - 1) & PMD_MASK);
    if (below != nullptr)
        floor = std::max(floor, below->end);
    if (vma != nullptr)
        ceiling = std::min(ceiling, vma->start);
    free_pgtables(mm, floor, ceiling);
    return {};
}

Result<void> do_munmap(MmStruct& mm, UserAddr start, u32 length) {
    if (start.page_offset() != 0 || start.value() > TASK_SIZE || length > TASK_SIZE - start.value())
        return Err(Errno::INVAL);
    length = page_align_up(length);
    if (length == 0)
        return Err(Errno::INVAL);
    return unmap_range(MmapWriteGuard(mm), start, start + length);
}

} // namespace faultline
