// One address space (Linux: mm_struct).
#pragma once

#include "arch/contract/mmu.hpp"
#include "base/intrusive.hpp"
#include "base/refcount.hpp"
#include "base/relaxed.hpp"
#include "base/result.hpp"
#include "base/spinlock.hpp"
#include "mm/percpu_rwsem.hpp"
#include "mm/vma.hpp"

namespace faultline {

struct VmStartKey {
    using type = UserAddr;
    UserAddr operator()(const VmArea& vma) const { return vma.start; }
};
using VmaTree = Tree<VmArea, &VmArea::node, VmStartKey>;

// Counts of present entries, by PG_ANON or not. (Linux: MM_FILEPAGES, MM_ANONPAGES.)
enum MmCounter : u8 { MM_FILEPAGES, MM_ANONPAGES, NR_MM_COUNTERS };

// What one CPU keeps of an address space for itself, so that faults on several do not pull one line to and fro.
struct MmCpu {
    Relaxed<VmArea*> vmacache = nullptr;        // its last find_vma hit; cleared whenever a VMA goes
    Relaxed<s32> counters[NR_MM_COUNTERS] = {}; // only the sum over all CPUs means anything; its own CPU writes
};

// Locks, outermost first (docs/locking.md): mmap_lock (sleeps; VMAs), AddressSpace::lock, page_table_lock (the
// directory), the locks of the tables (entries; pte_lockptr), those of the allocators.
struct MmStruct {
    PercpuRwSemaphore mmap_lock{"mmap_lock"};
    VmaTree vmas;      // ordered, disjoint
    u32 map_count = 0; // VMAs
    PerCpu<MmCpu> cpus;
    SpinLock page_table_lock{"page_table_lock"}; // which tables there are, and nr_ptes
    PageDirectory* pgd = nullptr;
    MmContext context;
    Refcount mm_users{1}; // tasks that run in it

    UserAddr start_brk, brk; // heap: [start_brk, brk)
    UserAddr start_stack;    // initial stack pointer
    UserAddr start_code, end_code, start_data, end_data;
    UserAddr arg_start, arg_end, env_start, env_end;
    UserAddr mmap_base;       // mappings are placed top-down below this; set by arch_pick_mmap_layout
    UserAddr free_area_cache; // mm/unmapped_area.cpp: no hole wholly above it, below mmap_base, is larger than …
    u32 cached_hole_size = 0; // … this many bytes
    AddressSpace* exe_file = nullptr;    // with a reference; for /proc/PID/exe
    Relaxed<u32> stack_limit = 8u << 20; // bytes: RLIMIT_STACK
    u32 total_vm = 0;                    // pages mapped by VMAs
    u32 data_vm = 0;                     // of them private and writable, stacks apart: RLIMIT_DATA
    u32 locked_vm = 0;                   // of them in VM_LOCKED VMAs: RLIMIT_MEMLOCK
    u32 def_flags = 0;                   // VM_LOCKED_MASK bits for mappings to come: mlockall(MCL_FUTURE)
    u32 nr_ptes = 0;                     // PteTables
};

// One more or fewer; the caller changes an entry and holds its lock. And how many: exact when nobody changes any.
inline void add_mm_counter(MmStruct& mm, MmCounter counter, s32 more) {
    Relaxed<s32>& here = mm.cpus.here().counters[counter];
    here = here + more;
}
u32 get_mm_counter(const MmStruct& mm, MmCounter counter);
inline u32 get_mm_rss(const MmStruct& mm) {
    return get_mm_counter(mm, MM_ANONPAGES) + get_mm_counter(mm, MM_FILEPAGES);
}

// An empty address space with one user. NOMEM.
Result<MmStruct*> mm_alloc();

// Another user; one fewer. The last mmput() unmaps everything and frees it: no CPU may be running on it then.
void mmget(MmStruct& mm);
void mmput(MmStruct& mm);

// The first VMA that ends above `address` (it may start above it too), or nullptr. O(log n).
// Caller holds mmap_lock.
VmArea* find_vma(MmStruct& mm, UserAddr address);

// The VMA that contains `address`, or nullptr.
VmArea* vma_lookup(MmStruct& mm, UserAddr address);

// As vma_lookup, but a stack VMA just above is grown down to hold `address` if the limit and the VMA below allow it.
// Returns nullptr if nothing holds `address` afterwards. Growing changes a VMA, which takes the lock for writing: so
// `guard`, which is held and held again on return, may have been given up, and what was found under it is gone.
// (Linux since 6.5: lock_mm_and_find_vma. Before, readers grew stacks under other readers, CVE-2023-3269.)
VmArea* find_extend_vma(MmStruct& mm, MmapReadGuard& guard, UserAddr address);

// Puts a finished VMA in its place, or takes it out, and counts it in map_count and total_vm; does not allocate or free
// it, nor touch entries. Caller holds mmap_lock for writing.
void insert_vm_struct(MmStruct& mm, VmArea& vma); // links i_mmap too
void remove_vm_struct(MmStruct& mm, VmArea& vma);

// find_vma's answer and the VMA before it, each nullptr if there is none (Linux: find_vma_prev).
struct VmaPair {
    VmArea* below;
    VmArea* above;
};
VmaPair find_vma_and_prev(MmStruct& mm, UserAddr address);

// Adds the VMA's pages to the counts above, or takes them away: around every change of its range or flags. (Linux:
// vm_stat_account.)
void vm_stat_add(const VmArea& vma);
void vm_stat_remove(const VmArea& vma);

// The VMA after / before in address order, or nullptr.
VmArea* vma_next(const VmArea& vma);
VmArea* vma_prev(const VmArea& vma);

VmArea* vm_area_alloc(MmStruct& mm);    // nullptr: out of memory
VmArea* vm_area_dup(const VmArea& vma); // a copy with its own file reference, not inserted; nullptr: out of memory
void vm_area_free(VmArea& vma);         // drops the file reference; not inserted

} // namespace faultline
