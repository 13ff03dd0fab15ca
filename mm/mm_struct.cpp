// The life of an address space: made empty, shared by its users, emptied and freed by the last.
#include "mm/mm_struct.hpp"

#include <algorithm>

#include "mm/filemap.hpp"
#include "mm/kmalloc.hpp"
#include "mm/pgtable.hpp"
#include "mm/slab.hpp"
#include "mm/swap_pte.hpp"
#include "mm/unmap.hpp"
#include "mm/unmapped_area.hpp"
#include "mm/upcalls.hpp"

namespace faultline {
namespace {

constinit KmemCache mm_cache("mm_struct", sizeof(MmStruct), alignof(MmStruct));

} // namespace

Result<MmRef> mm_alloc() {
    MmStruct* mm = kmem_new<MmStruct>(mm_cache);
    if (mm == nullptr)
        return Err(Errno::NOMEM);
    void* directory = kmalloc(sizeof(PageDirectory));
    if (directory == nullptr) {
        kmem_delete(mm_cache, mm);
        return Err(Errno::NOMEM);
    }
    static_assert(sizeof(PageDirectory) % PAGE_SIZE == 0);
    for (u32 bytes = 0; bytes < sizeof(PageDirectory); bytes += PAGE_SIZE) // zeros are null pointers
        clear_page(static_cast<std::byte*>(directory) + bytes);
    mm->pgd = static_cast<PageDirectory*>(directory);
    if (const auto made = init_new_context(mm->context, *mm->pgd); !made.ok()) {
        kfree(directory);
        kmem_delete(mm_cache, mm);
        return Err(made.error());
    }
    arch_pick_mmap_layout(*mm, UserAddr(TASK_SIZE));
    return MmRef(mm);
}

void mmget(MmStruct& mm) { mm.mm_users.inc(); }
bool mmget_not_zero(MmStruct& mm) { return mm.mm_users.inc_not_zero(); }
void mmgrab(MmStruct& mm) { mm.mm_count.inc(); }

void mmdrop(MmStruct& mm) {
    if (mm.mm_count.dec_and_test())
        kmem_delete(mm_cache, &mm);
}

namespace {

// Unmaps everything. No CPU but this one runs on it.
void exit_mmap(MmStruct& mm) {
    const MmapWriteGuard guard(mm);
    unmap_vmas(guard);
    free_vm_structs(guard);
    // The tables go last: truncation of a file reaches them through its VMAs.
    free_pgtables(mm, UserAddr(0), UserAddr(TASK_SIZE));
    // Linux: check_mm, "Bad rss-counter state".
    const u32 anon = get_mm_counter(mm, MM_ANONPAGES), file = get_mm_counter(mm, MM_FILEPAGES),
              swap = get_mm_counter(mm, MM_SWAPENTS);
    if ((mm.map_count | mm.total_vm | mm.data_vm | mm.locked_vm | mm.nr_ptes | anon | file | swap) != 0)
        panic("exit_mmap: left over: %u VMAs, %u pages (%u data, %u locked), %u tables, %u anon, %u file, %u in swap",
              mm.map_count, mm.total_vm, mm.data_vm, mm.locked_vm, mm.nr_ptes, anon, file, swap);
    mm_is_out_of_swap(mm);
}

} // namespace

void mmput(MmStruct& mm) {
    if (!mm.mm_users.dec_and_test())
        return;
    leave_lazy_mm(mm);
    exit_mmap(mm);
    destroy_context(mm.context);
    if (mm.exe_file != nullptr) {
        allow_write_access(*mm.exe_file);
        put_mapping(*mm.exe_file);
    }
    kfree(std::exchange(mm.pgd, nullptr));
    mmdrop(mm);
}

bool set_mm_exe_file(MmStruct& mm, AddressSpace& mapping) {
    if (!deny_write_access(mapping))
        return false;
    get_mapping(mapping);
    mm.exe_file = &mapping;
    return true;
}

namespace {

// The sum over all CPUs of what count(its MmCpu) says.
template <class Count>
u32 sum_of_cpus(const MmStruct& mm, const Count& count) {
    s32 sum = 0;
    for (u32 cpu = 0; cpu < nr_cpu_ids; ++cpu)
        sum += count(mm.cpus.of(cpu));
    return sum > 0 ? static_cast<u32>(sum) : 0; // below 0: seen while a count moves between CPUs
}

} // namespace

u32 get_mm_counter(const MmStruct& mm, MmCounter counter) {
    return sum_of_cpus(mm, [counter](const MmCpu& cpu) -> s32 { return cpu.counters[counter]; });
}
u32 get_mm_rss(const MmStruct& mm) {
    return sum_of_cpus(mm, [](const MmCpu& cpu) { return cpu.counters[MM_ANONPAGES] + cpu.counters[MM_FILEPAGES]; });
}

u32 get_mm_hiwater_rss(const MmStruct& mm) { return std::max(u32{mm.hiwater_rss}, get_mm_rss(mm)); }
u32 get_mm_hiwater_vm(const MmStruct& mm) { return std::max(u32{mm.hiwater_vm}, mm.total_vm); }

void update_hiwater_rss(MmStruct& mm) { mm.hiwater_rss = get_mm_hiwater_rss(mm); }
void update_hiwater_vm(MmStruct& mm) { mm.hiwater_vm = get_mm_hiwater_vm(mm); }

} // namespace faultline
