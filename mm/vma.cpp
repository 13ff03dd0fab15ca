// VMAs as objects: made, copied, freed, and what their rights mean for an entry. And finding them, and keeping the set.
#include "mm/vma.hpp"

#include <iterator>

#include "mm/anon_vma.hpp"
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

void vma_open(VmArea& vma) {
    if (vma.mapping == nullptr)
        return;
    get_mapping(*vma.mapping);
    if (vma.mapping->ops->open != nullptr)
        vma.mapping->ops->open(*vma.mapping);
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
    copy->wb_err = vma.wb_err;
    vma_open(*copy);
    return copy;
}

void vm_area_free(VmArea& vma) {
    BUG_ON(vma.i_mmap_link.is_linked() || vma.anon_vma_link.is_linked());
    AddressSpace* mapping = vma.mapping;
    kmem_delete(vm_area_cache, &vma);
    if (mapping == nullptr)
        return;
    if (mapping->ops->close != nullptr)
        mapping->ops->close(*mapping);
    put_mapping(*mapping);
}

VmArea* search_vma(MmStruct& mm, UserAddr address) {
    auto above = mm.vmas.upper_bound(address); // the first that starts above; the one before it may reach there
    if (above != mm.vmas.begin()) {
        VmArea& candidate = *std::prev(above);
        if (address < candidate.end) {
            mm.cpus.here().vmacache = &candidate;
            return &candidate;
        }
    }
    return above != mm.vmas.end() ? &*above : nullptr;
}

namespace {

VmArea* containing(MmStruct& mm, UserAddr address) {
    VmArea* vma = find_vma_cached(mm, address);
    return vma != nullptr && vma->start <= address ? vma : nullptr;
}

} // namespace

FoundVma vma_lookup(const MmapReadGuard& mmap_read, UserAddr address) {
    return FoundVma(containing(mmap_read.mm(), address));
}
VmArea* vma_lookup(const MmapWriteLocked& locked, UserAddr address) { return containing(locked.mm(), address); }

VmaPair find_vma_and_prev(const MmapWriteLocked& locked, UserAddr address) {
    VmaTree& vmas = locked.mm().vmas;
    VmArea* above = find_vma(locked, address);
    if (above != nullptr)
        return {vma_prev(*above), above};
    return {vmas.empty() ? nullptr : &*vmas.rbegin(), nullptr};
}

VmArea* vma_next(const VmArea& vma) {
    const auto next = std::next(vma.mm->vmas.iterator_to(vma));
    return next != vma.mm->vmas.end() ? const_cast<VmArea*>(&*next) : nullptr;
}

VmArea* vma_prev(const VmArea& vma) {
    const auto at = vma.mm->vmas.iterator_to(vma);
    return at != vma.mm->vmas.begin() ? const_cast<VmArea*>(&*std::prev(at)) : nullptr;
}

void vma_link_file(VmArea& vma) {
    if (vma.mapping == nullptr)
        return;
    const Guard guard(vma.mapping->lock);
    vma.mapping->i_mmap.push_back(vma);
}

void insert_vm_struct(const MmapWriteLocked& locked, VmArea& vma) {
    MmStruct& mm = locked.mm();
    BUG_ON(vma.mm != &mm || vma.start >= vma.end || !page_aligned(vma.start.value()) || !page_aligned(vma.end.value()));
    const auto [position, inserted] = mm.vmas.insert(vma);
    BUG_ON(!inserted);
    BUG_ON(position != mm.vmas.begin() && std::prev(position)->end > vma.start);
    const auto above = std::next(position);
    BUG_ON(above != mm.vmas.end() && vma.end > above->start);
    if (!vma.i_mmap_link.is_linked()) // else split_vma has linked it already
        vma_link_file(vma);
    ++mm.map_count;
    vm_stat_add(vma);
}

void remove_vm_struct(const MmapWriteLocked& locked, VmArea& vma) {
    MmStruct& mm = locked.mm();
    BUG_ON(vma.mm != &mm);
    mm.vmas.erase(mm.vmas.iterator_to(vma));
    if (vma.mapping != nullptr) {
        const Guard guard(vma.mapping->lock);
        vma.i_mmap_link.unlink();
    }
    unlink_anon_vma(vma);
    for (u32 cpu = 0; cpu < nr_cpu_ids; ++cpu) // no reader is inside
        mm.cpus.of(cpu).vmacache = nullptr;
    --mm.map_count;
    vm_stat_remove(vma);
}

} // namespace faultline
