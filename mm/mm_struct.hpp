// One address space (Linux: mm_struct): what it holds, its lock held as a value, and how it is made, shared and given
// up. VMAs are found in mm/vma.hpp, entries in mm/pgtable.hpp.
#pragma once

#include <atomic>
#include <utility>

#include "arch/contract/mmu.hpp"
#include "base/bitmap.hpp"
#include "base/intrusive.hpp"
#include "base/refcount.hpp"
#include "base/relaxed.hpp"
#include "base/result.hpp"
#include "base/spinlock.hpp"
#include "mm/overcommit.hpp"
#include "mm/percpu_rwsem.hpp"
#include "mm/vma.hpp"

namespace faultline {

// By their ends, so that the first above an address is the one that find_vma() looks for.
struct VmEndKey {
    using type = UserAddr;
    UserAddr operator()(const VmArea& vma) const { return vma.end; }
};
using VmaTree = Tree<VmArea, &VmArea::node, VmEndKey>;

// Counts of entries: present ones, by PG_ANON or not, and those of pages in swap. (Linux: the same names.)
enum MmCounter : u8 { MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, NR_MM_COUNTERS };

// What each CPU keeps of an address space for itself, so that faults on several CPUs do not share a cache line.
struct MmCpu {
    Relaxed<VmArea*> vmacache = nullptr; // its last find_vma hit; cleared whenever a VMA goes
    // Only its own CPU writes them. A single count may be negative; the sum over all CPUs is the number.
    Relaxed<s32> counters[NR_MM_COUNTERS] = {};
};

// MmStruct::flags. (Linux: the same names.)
inline constexpr u32 MMF_UNSTABLE = 1; // its pages have been taken from it: a fault for an absent one is SIGBUS
inline constexpr u32 MMF_OOM_SKIP = 2; // killing its tasks for memory would free none, or not in time

inline constexpr u32 AUXV_WORDS = 2 * 24; // room for the auxiliary vector with its AT_NULL (Linux: AT_VECTOR_SIZE)

// Locks, outermost first (docs/locking.md): mmap_lock (sleeps; VMAs), AddressSpace::lock, page_table_lock (the
// directory), the locks of the tables (entries; pte_lockptr), those of the allocators.
struct MmStruct {
    MmStruct() {} // not defaulted: that would first fill all of it with zeros

    PercpuRwSemaphore mmap_lock{"mmap_lock"}; // taken through the guards below
    VmaTree vmas;                             // ordered, disjoint
    u32 map_count = 0;                        // VMAs
    PerCpu<MmCpu> cpus;
    MmContext context;
    SpinLock page_table_lock{"page_table_lock"}; // which tables there are, pgd_in_use and nr_ptes
    PageDirectory* pgd = nullptr;
    Bitmap<PTRS_PER_PGD> pgd_in_use; // the slots of `pgd` that name a table: a small program has three in a thousand
    std::atomic<u32> flags = 0;      // MMF_…; never cleared
    Refcount mm_users{1};            // tasks that run in it, and calls that look into it; the last one unmaps all
    Refcount mm_count{1}; // references to this structure: one for all mm_users, one for each open file of /proc/PID

    UserAddr start_brk, brk; // heap: [start_brk, brk)
    UserAddr start_stack;    // initial stack pointer
    UserAddr start_code, end_code, start_data, end_data;
    UserAddr arg_start, arg_end, env_start, env_end;
    UserAddr mmap_base; // mappings are placed top-down below this; set by arch_pick_mmap_layout
    // mm/unmapped_area.cpp: no hole that is wholly above free_area_cache, below mmap_base, is larger than
    // cached_hole_size bytes.
    UserAddr free_area_cache;
    u32 cached_hole_size = 0;
    AddressSpace* exe_file = nullptr;             // with a reference; for /proc/PID/exe
    Relaxed<u32> stack_limit = 8u << 20;          // bytes: RLIMIT_STACK
    u32 total_vm = 0;                             // pages mapped by VMAs
    u32 data_vm = 0;                              // of them private and writable, stacks apart: RLIMIT_DATA
    u32 locked_vm = 0;                            // of them in VM_LOCKED VMAs: RLIMIT_MEMLOCK
    VmFlags def_flags;                            // VM_LOCKED_MASK bits for mappings to come: mlockall(MCL_FUTURE)
    u32 nr_ptes = 0;                              // PteTables
    Relaxed<u32> hiwater_rss = 0, hiwater_vm = 0; // pages: the most there were, as far as noted (update_hiwater_…)
    AutoUnlinkHook mmlist;                        // once it had a page in swap (mm/swap_pte.hpp)
    u32 saved_auxv[AUXV_WORDS] = {}; // the auxiliary vector that execve gave the program, for /proc/PID/auxv
};

// Whether its pages have been taken from it. (Linux: check_stable_address_space.)
inline bool is_unstable(const MmStruct& mm) { return (mm.flags.load(std::memory_order_relaxed) & MMF_UNSTABLE) != 0; }

// The mmap lock held, as a value: a function that needs the lock takes one of these, and from it the address space.
// There is no way to give the lock up but to end the guard's scope. (Linux: include/linux/mmap_lock.h.)
//
//   MmapLocked              the lock is held, one way or the other
//   ├─ MmapReadGuard        for reading: VMAs stay as they are
//   └─ MmapWriteLocked      VMAs may be changed
//      ├─ MmapWriteGuard    the lock is held for writing
//      └─ MmapUnshared      nothing else can find the address space yet, so no lock is needed
class MmapLocked {
  public:
    MmapLocked(const MmapLocked&) = delete;
    MmapLocked& operator=(const MmapLocked&) = delete;
    MmStruct& mm() const { return mm_; }

  protected:
    explicit MmapLocked(MmStruct& mm) : mm_(mm) {}
    ~MmapLocked() = default;

  private:
    MmStruct& mm_;
};

class MmapWriteLocked : public MmapLocked {
  protected:
    using MmapLocked::MmapLocked;
    ~MmapWriteLocked() = default;
};

// Taking the lock may sleep: no spin lock held, page faults enabled, and this mmap lock not held already.
class [[nodiscard]] SCOPED_CAPABILITY MmapReadGuard : public MmapLocked {
  public:
    explicit MmapReadGuard(MmStruct& mm) ACQUIRE_SHARED(mm.mmap_lock) : MmapLocked(mm) { mm.mmap_lock.down_read(); }
    ~MmapReadGuard() RELEASE() { mm().mmap_lock.up_read(); }

    // Calls look(guard) if the lock can be had at once, without sleeping; else returns false.
    template <class Look>
    [[nodiscard]] static bool if_free(MmStruct& mm, Look&& look) {
        if (!mm.mmap_lock.try_down_read())
            return false;
        look(MmapReadGuard(mm, Taken{}));
        return true;
    }

  private:
    struct Taken {};
    MmapReadGuard(MmStruct& mm, Taken) REQUIRES_SHARED(mm.mmap_lock) : MmapLocked(mm) {}
};

class [[nodiscard]] SCOPED_CAPABILITY MmapWriteGuard : public MmapWriteLocked {
  public:
    explicit MmapWriteGuard(MmStruct& mm) ACQUIRE(mm.mmap_lock) : MmapWriteLocked(mm) { mm.mmap_lock.down_write(); }
    ~MmapWriteGuard() RELEASE() { mm().mmap_lock.up_write(); }
};

// For an address space that is being made (fork, execve) or that one test alone uses.
class MmapUnshared : public MmapWriteLocked {
  public:
    explicit MmapUnshared(MmStruct& mm) : MmapWriteLocked(mm) {}
};

// Adds pages of a mapping with these flags to the mm's counts, or takes them away, modulo 2^32. (Linux: the same name.)
inline void vm_stat_account(MmStruct& mm, VmFlags flags, u32 pages) {
    mm.total_vm += pages;
    if (is_data_mapping(flags))
        mm.data_vm += pages;
    if (flags.has(VM_LOCKED))
        mm.locked_vm += pages;
}
// The same for pages of the VMA, and to what is promised: with every change of its size. (Linux: and vm_acct_memory.)
inline void vm_stat_account(const VmArea& vma, u32 pages) {
    vm_stat_account(*vma.mm, vma.flags, pages);
    if (vma.flags.has(VM_ACCOUNT))
        vm_acct_memory(pages);
}
inline void vm_stat_add(const VmArea& vma) { vm_stat_account(vma, vma.pages()); }
inline void vm_stat_remove(const VmArea& vma) { vm_stat_account(vma, 0 - vma.pages()); }

// The first VMA that ends above `address` (it may start above it too), or none. Not with a guard that ends with the call: the VMA
// would be used without the lock. Most faults find this CPU's last answer again.
inline VmArea* find_vma_cached(MmStruct& mm, UserAddr address) {
    VmArea* last = mm.cpus.here().vmacache;
    return last != nullptr && last->contains(address) ? last : search_vma(mm, address);
}
inline FoundVma find_vma(const MmapReadGuard& mmap_read, UserAddr address) {
    return FoundVma(find_vma_cached(mmap_read.mm(), address));
}
inline VmArea* find_vma(const MmapWriteLocked& locked, UserAddr address) {
    return find_vma_cached(locked.mm(), address);
}
FoundVma find_vma(const MmapReadGuard&& mmap_read, UserAddr address) = delete;
VmArea* find_vma(const MmapWriteGuard&& locked, UserAddr address) = delete;

// One more or fewer. The caller changes an entry and holds its lock.
inline void add_mm_counter(MmStruct& mm, MmCounter counter, s32 more) {
    Relaxed<s32>& here = mm.cpus.here().counters[counter];
    here = here + more;
}
// How many there are: exact while no entry changes.
u32 get_mm_counter(const MmStruct& mm, MmCounter counter);
u32 get_mm_rss(const MmStruct& mm); // of pages in memory

// Notes how many pages there are in memory, before some of them go: several CPUs may do so at once, and one of their notes may
// be lost. And how many are mapped, for which the caller holds the mmap lock. (Linux: the same names.)
void update_hiwater_rss(MmStruct& mm);
void update_hiwater_vm(MmStruct& mm);
// The most there were, now included.
u32 get_mm_hiwater_rss(const MmStruct& mm);
u32 get_mm_hiwater_vm(const MmStruct& mm);

// Another user; one fewer. The last mmput() unmaps everything and frees it: no CPU may be running on it then.
void mmget(MmStruct& mm);
void mmput(MmStruct& mm);
// A user more, unless the last one is gone. For the holder of a reference that keeps only the structure.
[[nodiscard]] bool mmget_not_zero(MmStruct& mm);

// Such a reference; one fewer. It keeps the structure, but no page and no VMA. (Linux: mmgrab, mmdrop.)
void mmgrab(MmStruct& mm);
void mmdrop(MmStruct& mm);

// Makes the file the program of `mm`, which has none yet: with a reference, and until mmput() it cannot be opened for
// writing. False: it is open for writing (TXTBSY). (Linux: the same name.)
[[nodiscard]] bool set_mm_exe_file(MmStruct& mm, AddressSpace& mapping);

// One user's share of an address space, given back when this goes.
class [[nodiscard]] MmRef {
  public:
    MmRef() = default; // of none
    // Takes over a share that the caller has.
    explicit MmRef(MmStruct* mm) : mm_(mm) {}
    // One share more.
    static MmRef of(MmStruct& mm) {
        mmget(mm);
        return MmRef(&mm);
    }
    MmRef(MmRef&& other) noexcept : mm_(std::exchange(other.mm_, nullptr)) {}
    MmRef& operator=(MmRef&& other) noexcept {
        MmRef(std::move(other)).swap(*this);
        return *this;
    }
    ~MmRef() {
        if (mm_ != nullptr)
            mmput(*mm_);
    }

    explicit operator bool() const { return mm_ != nullptr; }
    MmStruct* get() const { return mm_; }
    MmStruct& operator*() const { return *mm_; }
    MmStruct* operator->() const { return mm_; }
    // Nothing, if the last user is gone.
    static MmRef if_used(MmStruct& mm) { return MmRef(mmget_not_zero(mm) ? &mm : nullptr); }
    // The share is the caller's from here on.
    [[nodiscard]] MmStruct* release() { return std::exchange(mm_, nullptr); }
    void swap(MmRef& other) noexcept { std::swap(mm_, other.mm_); }

  private:
    MmStruct* mm_ = nullptr;
};

// An empty address space with one user. NOMEM.
Result<MmRef> mm_alloc();

} // namespace faultline
