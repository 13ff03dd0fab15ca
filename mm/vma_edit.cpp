// Cutting and joining VMAs (Linux mm/mmap.c vma_adjust, __split_vma, vma_merge). Anonymous VMAs keep pgoff 0, so that
// any two that touch can be joined.
#include "mm/vma_edit.hpp"

#include <algorithm>

#include "mm/filemap.hpp"
#include "mm/limits.hpp"
#include "mm/mm_struct.hpp"

namespace faultline {
namespace {

// Whether [start, …) with these properties can go on where `below` ends.
bool continues(const VmArea& below, UserAddr start, VmFlags flags, const AddressSpace* mapping, u32 pgoff) {
    return below.end == start && below.flags == flags && below.mapping == mapping &&
           (mapping == nullptr || below.pgoff + below.pages() == pgoff);
}

bool continues(const VmArea& below, const VmArea& above) {
    return continues(below, above.start, above.flags, above.mapping, above.pgoff);
}

// Calls change(), which may move borders and i_mmap links of VMAs of one file, with the file's lock held. Truncation
// comes through i_mmap without the mmap lock. It sees all of the change or nothing, so it finds a VMA over each mapped
// page.
template <class Change>
void change_seen_by_truncation(AddressSpace* mapping, Change&& change) {
    if (mapping == nullptr)
        return change();
    const Guard guard(mapping->lock);
    change();
}

// Keeps so many pages of the VMA promised while it does not count them: others had better see too many than too few.
VmCharge still_promised(const VmArea& vma, u32 pages) {
    return VmCharge::without_asking(vma.flags.has(VM_ACCOUNT) ? pages : 0);
}

void move_borders(VmArea& vma, UserAddr start, UserAddr end) {
    if (vma.mapping != nullptr)
        vma.pgoff += static_cast<u32>(static_cast<s32>(start - vma.start) >> PAGE_SHIFT);
    vm_stat_account(vma, ((end - start) >> PAGE_SHIFT) - vma.pages());
    vma.start = start; // the tree's key: the order stays
    vma.end = end;
}

// `below` takes over all of `above`, which goes.
void absorb(const MmapWriteLocked& locked, VmArea& below, VmArea& above) {
    change_seen_by_truncation(below.mapping, [&] {
        if (above.i_mmap_link.is_linked())
            above.i_mmap_link.unlink();
        move_borders(below, below.start, above.end);
    });
    remove_vm_struct(locked, above);
    vm_area_free(above);
}

void set_flags(VmArea& vma, VmFlags flags) {
    const VmCharge counted_twice = still_promised(vma, vma.pages());
    vm_stat_remove(vma);
    vma.flags = flags;
    vm_stat_add(vma);
}

} // namespace

void vma_set_range(const MmapWriteLocked&, VmArea& vma, UserAddr start, UserAddr end) {
    change_seen_by_truncation(vma.mapping, [&] { move_borders(vma, start, end); });
}

Result<VmArea*> split_vma(const MmapWriteLocked& locked, VmArea& vma, UserAddr address) {
    BUG_ON(address <= vma.start || address >= vma.end);
    VmArea* upper = vm_area_dup(vma);
    if (upper == nullptr)
        return Err(Errno::NOMEM);
    upper->start = address;
    const VmCharge counted_twice = still_promised(*upper, upper->pages());
    if (AddressSpace* mapping = vma.mapping; mapping == nullptr) {
        move_borders(vma, vma.start, address);
    } else {
        upper->pgoff += (address - vma.start) >> PAGE_SHIFT;
        const Guard lock(mapping->lock);
        move_borders(vma, vma.start, address);
        mapping->i_mmap.push_back(*upper);
    }
    insert_vm_struct(locked, *upper);
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

VmArea* vma_place(const MmapWriteLocked& locked, UserAddr start, UserAddr end, VmFlags flags, AddressSpace* mapping,
                  u32 pgoff) {
    const auto [below, above] = find_vma_and_prev(locked, start);
    if (below != nullptr && continues(*below, start, flags, mapping, pgoff)) {
        vma_set_range(locked, *below, below->start, end);
        return &vma_merge(locked, *below);
    }
    const u32 pages = (end - start) >> PAGE_SHIFT;
    if (above != nullptr && above->start == end && above->flags == flags && above->mapping == mapping &&
        (mapping == nullptr || pgoff + pages == above->pgoff)) {
        vma_set_range(locked, *above, start, above->end);
        return above;
    }
    VmArea* vma = vm_area_alloc(locked.mm());
    if (vma == nullptr)
        return nullptr;
    vma->start = start;
    vma->end = end;
    vma->flags = flags;
    vma->mapping = mapping;
    vma->pgoff = mapping != nullptr ? pgoff : 0;
    vma_open(*vma);
    insert_vm_struct(locked, *vma);
    return vma;
}

Result<VmArea*> vma_modify_flags(const MmapWriteLocked& locked, VmArea& vma, UserAddr start, UserAddr end,
                                 VmFlags flags) {
    MmStruct& mm = locked.mm();
    const u32 count_before = mm.map_count;
    VmArea* middle = &vma;
    if (vma.start < start)
        middle = TRY(split_vma(locked, vma, start));
    if (end < middle->end) {
        if (const auto cut = split_vma(locked, *middle, end); !cut.ok()) {
            vma_merge(locked, *middle);
            return Err(cut.error());
        }
    }
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
