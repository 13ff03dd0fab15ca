// Cutting and joining VMAs (Linux mm/mmap.c vma_adjust, __split_vma, vma_merge). An anonymous VMA begins with the page number
// of its address, so that any two that touch can be joined, unless one of them has moved.
#include "mm/vma_edit.hpp"

#include <algorithm>

#include "mm/limits.hpp"
#include "mm/mm_struct.hpp"
#include "mm/rmap.hpp"

namespace faultline {
namespace {

bool may_be_one_family(const AnonVma* one, const AnonVma* other) {
    return one == other || one == nullptr || other == nullptr;
}

// Whether [start, …) with these properties can go on where `below` ends.
bool continues(const VmArea& below, UserAddr start, VmFlags flags, const VmaBacking& backing) {
    return below.end == start && below.flags == flags && below.mapping == backing.mapping &&
           below.pgoff + below.pages() == backing.pgoff && may_be_one_family(below.anon_vma, backing.anon_vma) &&
           below.wb_err == backing.wb_err;
}

VmaBacking backing_of(const VmArea& vma) { return {vma.mapping, vma.pgoff, vma.anon_vma, vma.wb_err}; }

bool continues(const VmArea& below, const VmArea& above) {
    return continues(below, above.start, above.flags, backing_of(above));
}

// Its pages are accounted by the caller, unless they only go from one VMA to another.
void move_borders(VmArea& vma, UserAddr start, UserAddr end) {
    vma.pgoff += static_cast<u32>(static_cast<s32>(start - vma.start) >> PAGE_SHIFT);
    vma.start = start;
    vma.end = end; // the tree's key: the order stays
}

// The VMA may show the pages of `family` from now on. Some other VMA that stays is a member; nullptr: there are no pages.
void join_family(VmArea& vma, AnonVma* family) {
    if (vma.anon_vma != nullptr || family == nullptr)
        return;
    const Guard lock(family->lock);
    anon_vma_link(vma, *family);
}

// `below` takes over all of `above`, which goes.
void absorb(const MmapWriteLocked& locked, VmArea& below, VmArea& above) {
    join_family(below, above.anon_vma);
    with_rmap_locks(below, [&] { move_borders(below, below.start, above.end); });
    vma_unlink(locked, above);
    vm_area_free(above);
}

void set_flags(VmArea& vma, VmFlags flags) {
    const u32 pages = vma.pages();
    vm_stat_account(*vma.mm, vma.flags, 0 - pages);
    vm_stat_account(*vma.mm, flags, pages);
    if (const bool promised = flags.has(VM_ACCOUNT); promised != vma.flags.has(VM_ACCOUNT))
        vm_acct_memory(promised ? pages : 0 - pages);
    vma.flags = flags;
}

} // namespace

void vma_set_range(const MmapWriteLocked&, VmArea& vma, UserAddr start, UserAddr end) {
    vm_stat_account(vma, ((end - start) >> PAGE_SHIFT) - vma.pages());
    with_rmap_locks(vma, [&] { move_borders(vma, start, end); });
}

Result<VmArea*> split_vma(const MmapWriteLocked& locked, VmArea& vma, UserAddr address) {
    BUG_ON(address <= vma.start || address >= vma.end);
    VmArea* upper = vm_area_dup(vma);
    if (upper == nullptr)
        return Err(Errno::NOMEM);
    upper->start = address;
    upper->pgoff += (address - vma.start) >> PAGE_SHIFT;
    // For a moment a page is found in both, but never in neither.
    vma_link_file(*upper);
    join_family(*upper, vma.anon_vma);
    with_rmap_locks(vma, [&] { move_borders(vma, vma.start, address); });
    vma_link(locked, *upper, vma.vm_next);
    return upper;
}

VmArea& vma_merge(const MmapWriteLocked& locked, VmArea& vma) {
    VmArea* merged = &vma;
    if (VmArea* below = vma_prev(vma); below != nullptr && continues(*below, vma)) {
        absorb(locked, *below, vma);
        merged = below;
    }
    if (VmArea* above = vma_next(*merged); above != nullptr && continues(*merged, *above))
        absorb(locked, *merged, *above);
    return *merged;
}

Result<VmArea*> vma_isolate(const MmapWriteLocked& locked, VmArea& vma, UserAddr start, UserAddr end) {
    VmArea* middle = &vma;
    if (vma.start < start)
        middle = TRY(split_vma(locked, vma, start));
    if (end < middle->end) {
        if (const auto cut = split_vma(locked, *middle, end); !cut.ok()) {
            vma_merge(locked, *middle);
            return Err(cut.error());
        }
    }
    return middle;
}

namespace {

u32 first_page_number(const VmaBacking& backing, UserAddr start) {
    const bool new_memory = backing.mapping == nullptr && backing.anon_vma == nullptr;
    return new_memory ? start.value() >> PAGE_SHIFT : backing.pgoff;
}

} // namespace

VmArea* vma_insert(const MmapWriteLocked& locked, UserAddr start, UserAddr end, VmFlags flags, VmaBacking backing,
                   VmArea* above) {
    VmArea* vma = vm_area_alloc(locked.mm());
    if (vma == nullptr)
        return nullptr;
    vma->start = start;
    vma->end = end;
    vma->flags = flags;
    vma->mapping = backing.mapping;
    vma->pgoff = first_page_number(backing, start);
    vma->wb_err = backing.wb_err;
    join_family(*vma, backing.anon_vma);
    vma_open(*vma);
    insert_vm_struct(locked, *vma, above);
    return vma;
}

VmArea* vma_place(const MmapWriteLocked& locked, UserAddr start, UserAddr end, VmFlags flags, VmaBacking backing) {
    backing.pgoff = first_page_number(backing, start);
    const auto [below, above] = find_vma_and_prev(locked, start);
    if (below != nullptr && continues(*below, start, flags, backing)) {
        join_family(*below, backing.anon_vma);
        vma_set_range(locked, *below, below->start, end);
        return &vma_merge(locked, *below);
    }
    const u32 pages = (end - start) >> PAGE_SHIFT;
    if (above != nullptr && above->start == end && above->flags == flags && above->mapping == backing.mapping &&
        backing.pgoff + pages == above->pgoff && may_be_one_family(above->anon_vma, backing.anon_vma) &&
        above->wb_err == backing.wb_err) {
        join_family(*above, backing.anon_vma);
        vma_set_range(locked, *above, start, above->end);
        return above;
    }
    return vma_insert(locked, start, end, flags, backing, above);
}

Result<VmArea*> vma_modify_flags(const MmapWriteLocked& locked, VmArea& vma, UserAddr start, UserAddr end,
                                 VmFlags flags) {
    MmStruct& mm = locked.mm();
    const u32 count_before = mm.map_count;
    VmArea* middle = TRY(vma_isolate(locked, vma, start, end));
    const VmFlags old_flags = middle->flags;
    set_flags(*middle, flags);
    VmArea& merged = vma_merge(locked, *middle);
    if (mm.map_count <= std::max(u32{max_map_count}, count_before))
        return &merged;
    // One too many in the end: undo. The middle was not joined, or there would not be more than before.
    BUG_ON(&merged != middle || merged.start != start || merged.end != end);
    set_flags(merged, old_flags);
    vma_merge(locked, merged);
    return Err(Errno::NOMEM);
}

} // namespace faultline
