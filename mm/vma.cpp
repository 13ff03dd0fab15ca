// VMAs as objects: made, copied, freed, and what their rights mean for an entry. And finding them, and keeping the set.
#include "mm/vma.hpp"

#include "mm/anon_vma.hpp"
#include "mm/filemap.hpp"
#include "mm/mm_struct.hpp"
#include "mm/slab.hpp"
#include "mm/upcalls.hpp"

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

namespace {

// Whether `vma` is the first that ends above `address`.
bool is_first_above(const VmArea& vma, UserAddr address) {
    return address < vma.end && (vma.vm_prev == nullptr || vma.vm_prev->end <= address);
}

VmArea* last_vma(VmaTree& vmas) { return vmas.empty() ? nullptr : &*vmas.rbegin(); }

} // namespace

VmArea* search_vma(MmStruct& mm, UserAddr address) {
    Relaxed<VmArea*>& cache = mm.cpus.here().vmacache;
    if (VmArea* last = cache; last != nullptr && is_first_above(*last, address))
        return last; // in the hole below it
    const auto found = mm.vmas.upper_bound(address);
    if (found == mm.vmas.end())
        return nullptr;
    cache = &*found;
    return &*found;
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
    VmArea* above = find_vma(locked, address);
    return {above != nullptr ? above->vm_prev : last_vma(locked.mm().vmas), above};
}

void vma_link_file(VmArea& vma) {
    if (vma.mapping == nullptr)
        return;
    const Guard guard(vma.mapping->lock);
    vma.mapping->i_mmap.push_back(vma);
}

void vma_link(const MmapWriteLocked& locked, VmArea& vma, VmArea* above) {
    MmStruct& mm = locked.mm();
    VmArea* below = above != nullptr ? above->vm_prev : last_vma(mm.vmas);
    BUG_ON(vma.mm != &mm || vma.start >= vma.end || !page_aligned(vma.start.value() | vma.end.value()));
    BUG_ON(below != nullptr && below->end > vma.start);
    BUG_ON(above != nullptr && vma.end > above->start);
    mm.vmas.insert_before(above != nullptr ? mm.vmas.iterator_to(*above) : mm.vmas.end(), vma);
    vma.vm_prev = below;
    vma.vm_next = above;
    if (below != nullptr)
        below->vm_next = &vma;
    if (above != nullptr)
        above->vm_prev = &vma;
    if (!vma.i_mmap_link.is_linked()) // else split_vma has linked it already
        vma_link_file(vma);
    ++mm.map_count;
    mm.cpus.here().vmacache = &vma; // it is about to be used
}

namespace {

// Nobody finds the VMA from its pages any more.
void unlink_from_rmap(VmArea& vma) {
    if (vma.mapping != nullptr) {
        const Guard guard(vma.mapping->lock);
        vma.i_mmap_link.unlink();
    }
    unlink_anon_vma(vma);
}

void forget_in_caches(MmStruct& mm) {
    for (u32 cpu = 0; cpu < nr_cpu_ids; ++cpu) // no reader is inside
        mm.cpus.of(cpu).vmacache = nullptr;
}

} // namespace

void vma_unlink(const MmapWriteLocked& locked, VmArea& vma) {
    MmStruct& mm = locked.mm();
    BUG_ON(vma.mm != &mm);
    mm.vmas.erase(mm.vmas.iterator_to(vma));
    if (vma.vm_prev != nullptr)
        vma.vm_prev->vm_next = vma.vm_next;
    if (vma.vm_next != nullptr)
        vma.vm_next->vm_prev = vma.vm_prev;
    unlink_from_rmap(vma);
    forget_in_caches(mm);
    mm.cpus.here().vmacache = vma.vm_next; // mmap(2) looks for a hole below it next
    --mm.map_count;
}

void insert_vm_struct(const MmapWriteLocked& locked, VmArea& vma, VmArea* above) {
    vma_link(locked, vma, above);
    vm_stat_add(vma);
}

void remove_vm_struct(const MmapWriteLocked& locked, VmArea& vma) {
    vma_unlink(locked, vma);
    vm_stat_remove(vma);
}

void free_vm_structs(const MmapWriteLocked& locked) {
    MmStruct& mm = locked.mm();
    forget_in_caches(mm);
    mm.vmas.clear_and_dispose([&mm](VmArea* vma) {
        unlink_from_rmap(*vma);
        --mm.map_count;
        vm_stat_remove(*vma);
        vm_area_free(*vma);
        cond_resched();
    });
}

} // namespace faultline
