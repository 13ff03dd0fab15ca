// The life of an address space, and its VMAs as an ordered set.
#include "mm/mm_struct.hpp"

#include <iterator>

#include "mm/filemap.hpp"
#include "mm/limits.hpp"
#include "mm/memory.hpp"
#include "mm/mmap.hpp"
#include "mm/pgtable.hpp"
#include "mm/slab.hpp"
#include "mm/unmapped_area.hpp"
#include "mm/upcalls.hpp"

namespace faultline {
namespace {

constinit KmemCache mm_cache("mm_struct", sizeof(MmStruct), alignof(MmStruct));

} // namespace

Result<MmStruct*> mm_alloc() {
    MmStruct* mm = kmem_new<MmStruct>(mm_cache);
    if (mm == nullptr)
        return Err(Errno::NOMEM);
    void* directory = kmalloc(sizeof(PageDirectory));
    if (directory == nullptr) {
        kmem_delete(mm_cache, mm);
        return Err(Errno::NOMEM);
    }
    mm->pgd = new (directory) PageDirectory{};
    if (const auto made = init_new_context(mm->context, *mm->pgd); !made.ok()) {
        kfree(directory);
        kmem_delete(mm_cache, mm);
        return Err(made.error());
    }
    arch_pick_mmap_layout(*mm, UserAddr(TASK_SIZE));
    return mm;
}

void mmget(MmStruct& mm) { mm.mm_users.inc(); }

void mmput(MmStruct& mm) {
    if (!mm.mm_users.dec_and_test())
        return;
    leave_lazy_mm(mm);
    exit_mmap(mm);
    destroy_context(mm.context);
    if (mm.exe_file != nullptr)
        put_mapping(*mm.exe_file);
    kfree(mm.pgd);
    kmem_delete(mm_cache, &mm);
}

void exit_mmap(MmStruct& mm) {
    const WriteGuard guard(mm.mmap_lock);
    for (const VmArea& vma : mm.vmas)
        zap_page_range(mm, vma.start, vma.end);
    while (!mm.vmas.empty()) {
        VmArea& vma = *mm.vmas.begin();
        remove_vm_struct(mm, vma);
        vm_area_free(vma);
    }
    free_pgtables(mm, UserAddr(0),
                  UserAddr(TASK_SIZE)); // last: who truncates a file comes to them through its VMAs
    // Linux: check_mm, "Bad rss-counter state".
    const u32 anon = get_mm_counter(mm, MM_ANONPAGES), file = get_mm_counter(mm, MM_FILEPAGES);
    if ((mm.map_count | mm.total_vm | mm.data_vm | mm.locked_vm | mm.nr_ptes | anon | file) != 0)
        panic("exit_mmap: left over: %u VMAs, %u pages (%u data, %u locked), %u tables, %u anon, %u file", mm.map_count,
              mm.total_vm, mm.data_vm, mm.locked_vm, mm.nr_ptes, anon, file);
}

VmArea* find_vma(MmStruct& mm, UserAddr address) {
    Relaxed<VmArea*>& cache = mm.cpus.here().vmacache;
    if (VmArea* last = cache; last != nullptr && last->contains(address))
        return last;
    auto above = mm.vmas.upper_bound(address); // the first that starts above; the one before it may reach there
    if (above != mm.vmas.begin()) {
        VmArea& candidate = *std::prev(above);
        if (address < candidate.end) {
            cache = &candidate;
            return &candidate;
        }
    }
    return above != mm.vmas.end() ? &*above : nullptr;
}

VmArea* vma_lookup(MmStruct& mm, UserAddr address) {
    VmArea* vma = find_vma(mm, address);
    return vma != nullptr && vma->start <= address ? vma : nullptr;
}

VmaPair find_vma_and_prev(MmStruct& mm, UserAddr address) {
    VmArea* above = find_vma(mm, address);
    if (above != nullptr)
        return {vma_prev(*above), above};
    return {mm.vmas.empty() ? nullptr : &*mm.vmas.rbegin(), nullptr};
}

VmArea* vma_next(const VmArea& vma) {
    const auto next = std::next(vma.mm->vmas.iterator_to(vma));
    return next != vma.mm->vmas.end() ? const_cast<VmArea*>(&*next) : nullptr;
}

VmArea* vma_prev(const VmArea& vma) {
    const auto at = vma.mm->vmas.iterator_to(vma);
    return at != vma.mm->vmas.begin() ? const_cast<VmArea*>(&*std::prev(at)) : nullptr;
}

void insert_vm_struct(MmStruct& mm, VmArea& vma) {
    BUG_ON(vma.mm != &mm || vma.start >= vma.end || !page_aligned(vma.start.value()) || !page_aligned(vma.end.value()));
    const auto [position, inserted] = mm.vmas.insert(vma);
    BUG_ON(!inserted);
    BUG_ON(position != mm.vmas.begin() && std::prev(position)->end > vma.start);
    BUG_ON(std::next(position) != mm.vmas.end() && vma.end > std::next(position)->start);
    if (vma.mapping != nullptr) {
        const Guard guard(vma.mapping->lock);
        if (!vma.i_mmap_link.is_linked()) // else split_vma has linked it, for truncation's sake
            vma.mapping->i_mmap.push_back(vma);
    }
    ++mm.map_count;
    vm_stat_add(vma);
}

void remove_vm_struct(MmStruct& mm, VmArea& vma) {
    BUG_ON(vma.mm != &mm);
    mm.vmas.erase(mm.vmas.iterator_to(vma));
    if (vma.mapping != nullptr) {
        const Guard guard(vma.mapping->lock);
        if (vma.i_mmap_link.is_linked()) // else absorb has unlinked it
            vma.i_mmap_link.unlink();
    }
    for (u32 cpu = 0; cpu < nr_cpu_ids; ++cpu) // no reader is inside
        mm.cpus.of(cpu).vmacache = nullptr;
    --mm.map_count;
    vm_stat_remove(vma);
}

namespace {

void vm_stat_account(const VmArea& vma, s32 pages) {
    const auto count = [&](u32& total) { total = static_cast<u32>(static_cast<s32>(total) + pages); };
    count(vma.mm->total_vm);
    if (is_data_mapping(vma.flags))
        count(vma.mm->data_vm);
    if ((vma.flags & VM_LOCKED) != 0)
        count(vma.mm->locked_vm);
}

} // namespace

u32 get_mm_counter(const MmStruct& mm, MmCounter counter) {
    s32 sum = 0;
    for (u32 cpu = 0; cpu < nr_cpu_ids; ++cpu)
        sum += mm.cpus.of(cpu).counters[counter];
    return sum > 0 ? static_cast<u32>(sum) : 0; // a look in the middle of a move from CPU to CPU
}

void vm_stat_add(const VmArea& vma) { vm_stat_account(vma, static_cast<s32>(vma.pages())); }
void vm_stat_remove(const VmArea& vma) { vm_stat_account(vma, -static_cast<s32>(vma.pages())); }

} // namespace faultline
