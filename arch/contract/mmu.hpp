// The hooks through which mm/ drives a back end. Names and meaning are Linux's, and each hook has one law. A back end
// (arch/walked/ or arch/softtlb/, docs/backends.md) defines them, on top of arch/contract/machine.hpp.
//
// Unless a hook says otherwise, `address` is below TASK_SIZE, `slot` points into the PteTable that `mm.pgd` names for
// that address, and the caller holds that table's lock (mm/pgtable.hpp, pte_lockptr).
#pragma once

#include <array>

#include "arch/contract/machine.hpp"
#include "arch/contract/page_table.hpp"
#include "base/assert.hpp"
#include "base/result.hpp"

namespace faultline {

// One address space as the machine sees it: its truth, and what the back end keeps beside it.
struct MmContext {
    // For each CPU: how often it alone has invalidated translations of this mm, and how often a flush of all has: they
    // add up to tlb_generation(). Only a CPU itself writes the first.
    std::array<u32, machine::MAX_CPUS> local_flushes{}, flushes{};

    PageDirectory* pgd = nullptr;      // canonical; owned by mm/
    u32* hardware_directory = nullptr; // walked: 2048 first-level descriptors, 8 KiB-aligned; softtlb: unused
    u64 asid_generation = 0;           // the ASID generation in which `asid` was assigned; 0: none yet
    Asid asid;                         // valid only while asid_generation is the current generation
    CpuMask cpu_mask;                  // the CPUs that may hold translations of this mm in their TLB
};

// What a change of entries owes the TLBs. A hook that takes a permission away takes one of these instead of the
// context: it notes the page, and the flush happens when the debt is paid, or ends. So no code can return with a flush
// owed.
class [[nodiscard]] TlbDebt {
  public:
    explicit TlbDebt(MmContext& mm) : mm_(mm) {}
    ~TlbDebt() { pay(); }
    TlbDebt(const TlbDebt&) = delete;
    TlbDebt& operator=(const TlbDebt&) = delete;

    MmContext& context() const { return mm_; }

    // A TLB may hold more for this page than its entry permits. By the hooks, in rising order of pages.
    void owe(UserAddr page) {
        DEBUG_BUG_ON(page + PAGE_SIZE < end_);
        if (!owed())
            start_ = page;
        end_ = page + PAGE_SIZE;
    }
    bool owed() const { return end_ != UserAddr(0); }

    // Flushes every page that is owed. On return no CPU can use a translation of them older than truth. Pay while the
    // entry's lock is held if another CPU may put something else there afterwards (ARM ARM B3.10.1, break before make).
    void pay() {
        if (owed())
            flush();
    }

  private:
    void flush(); // arch/backend/entry.cpp

    MmContext& mm_;
    UserAddr start_, end_; // the pages that are owed lie in between; end_ 0: none
};

// Initialises `mm` as an empty context for `pgd`, in which all slots are null. Returns NOMEM if the back end cannot
// allocate what it needs.
Result<void> init_new_context(MmContext& mm, PageDirectory& pgd);

// Releases what init_new_context() allocated. No CPU may run on this mm, and no TLB may reach it any more.
void destroy_context(MmContext& mm);

// Makes `next` the address space of this CPU; with nullptr all user addresses fault.
// Law: after the call no translation of another mm can be reached through user addresses, and no translation of `next`
// permits more than truth. One may permit less, if another CPU has relaxed the entry lazily.
void switch_mm(MmContext* next) REQUIRES(irqs_masked);

// Stores `table` in the directory slot for `address`, in truth and in the machine's view. The caller holds the lock
// that protects the directory's slots.
void pmd_populate(MmContext& mm, UserAddr address, PteTable& table);

// Empties the directory slot. The caller holds the same lock, and flushes before it frees the table.
void pmd_clear(MmContext& mm, UserAddr address);

// Stores `pte`. Either the old entry permitted no access, so that no TLB can hold it, or the caller flushes afterwards.
// Law: truth is stored first; the machine then sees either the old descriptor or the whole new one.
void set_pte_at(MmContext& mm, UserAddr address, PteSlot* slot, Pte pte);

// Empties the entry and returns the old value, atomically: if a racing fault sets the dirty bit, the returned value
// contains it.
[[nodiscard]] Pte ptep_get_and_clear(TlbDebt& debt, UserAddr address, PteSlot* slot);

// Empties the entry and flushes the page at once: when this returns, no CPU can use a translation of it. (Linux: the
// same name.)
void ptep_clear_flush(MmContext& mm, UserAddr address, PteSlot* slot);

// Adds to the entry the bit YOUNG, and if `dirty` also DIRTY and WRITE, as far as `entry` has them. It never removes a
// bit that another CPU has just set (Linux arm64 lost the dirty bit this way in 2016). Returns whether truth changed.
// If it did, this CPU's TLB no longer holds the page as it was, and with tlb=eager no other CPU's does. A software-filled
// TLB may have loaded it anew.
// Law: after the call this CPU can make every access that `entry` permits.
bool ptep_add_flags(MmContext& mm, UserAddr address, PteSlot* slot, u32 added); // with the bits themselves
inline bool ptep_set_access_flags(MmContext& mm, UserAddr address, PteSlot* slot, Pte entry, bool dirty) {
    const u32 may_add = dirty ? Pte::YOUNG | Pte::DIRTY | Pte::WRITE : u32{Pte::YOUNG};
    return ptep_add_flags(mm, address, slot, entry.bits() & may_add);
}

// Clears YOUNG and returns whether it was set. DIRTY and WRITE stay.
bool ptep_test_and_clear_young(TlbDebt& debt, UserAddr address, PteSlot* slot);

// Clears WRITE. DIRTY stays.
void ptep_set_wrprotect(TlbDebt& debt, UserAddr address, PteSlot* slot);

// Called after a fault has installed an entry: a software-filled TLB may load it in advance. (ptep_add_flags() does so by
// itself.) The back end `walked` does nothing.
void update_mmu_cache(MmContext& mm, UserAddr address, PteSlot* slot);

// Invalidate, on every CPU, the translations of one page; of the range [start, end), both page-aligned, end exclusive;
// of the whole mm. No page-table lock is needed; other conditions as for machine::smp_call_function_many().
// Law: after the call no CPU can use a translation that is older than truth.
void flush_tlb_page(MmContext& mm, UserAddr address);
void flush_tlb_range(MmContext& mm, UserAddr start, UserAddr end);
void flush_tlb_mm(MmContext& mm);

// Drops the page from this CPU's TLB only. A fault handler calls it when the entry already permits the access: another
// CPU relaxed the entry and flushed only its own TLB. No lock needed.
void flush_tlb_fix_spurious_fault(MmContext& mm, UserAddr address);

// How often translations of `mm` were invalidated on this CPU. A context switch alone does not count.
u32 tlb_generation(const MmContext& mm);

// A pair of raw descriptors; 0: there is none. For a walker an absent descriptor means a fault. For a software-filled
// TLB it means a miss, and the next access reads truth.
struct HardwareDescriptor {
    u32 first_level = 0;
    u32 second_level = 0;
};

// The descriptors that this CPU would use for `address`. For reports.
HardwareDescriptor hardware_descriptor(const MmContext& mm, UserAddr address);

// Describes them in words ("small page at 0x40123000, read-only, XN, nG"). Writes at most `size` bytes to `buffer`,
// including the final NUL.
void describe_descriptor(HardwareDescriptor descriptor, char* buffer, std::size_t size);

// The same for the descriptors of kernel addresses, which a walker uses with either back end.
void describe_walk(HardwareDescriptor descriptor, char* buffer, std::size_t size);

} // namespace faultline
