// The hooks through which mm/ drives a back end. Linux's names and Linux's meaning; one law each. A back end
// (arch/walked/ or arch/softtlb/, docs/backends.md) defines them; the machine below it is arch/contract/machine.hpp.
//
// Unless said otherwise a hook is called with `address` below TASK_SIZE; with `slot`, if it has one, pointing into the
// PteTable that `mm.pgd` names for it, and that table's lock held (mm/pgtable.hpp, pte_lockptr).
#pragma once

#include <array>

#include "arch/contract/machine.hpp"
#include "arch/contract/page_table.hpp"
#include "base/irqs_masked.hpp"
#include "base/result.hpp"

namespace faultline {

// Per address space: the truth it stands for and what the machine needs beside it.
struct MmContext {
    PageDirectory* pgd = nullptr;      // canonical; owned by mm/
    u32* hardware_directory = nullptr; // walked: 2048 first-level descriptors, 8 KiB-aligned; else unused
    u64 asid_generation = 0;           // the roll-over epoch in which `asid` was given
    Asid asid;                         // valid only in the current epoch
    u32 cpu_mask = 0;                  // CPUs whose TLB may hold translations of this mm

    // Per CPU: how often this mm's translations were invalidated there.
    std::array<u32, machine::MAX_CPUS> tlb_generation{};
};

// Prepares an empty context for `pgd` (all slots null). May allocate. NOMEM.
Result<void> init_new_context(MmContext& mm, PageDirectory& pgd);

// Releases what init_new_context took. No CPU runs on it, and no TLB may reach it afterwards.
void destroy_context(MmContext& mm);

// Makes `next` the address space of this CPU; nullptr: none, user addresses all fault.
// Law: afterwards no translation of another mm is reachable from user addresses, and none of `next` permits more than
// truth does. One may permit less, if another CPU relaxed it lazily.
void switch_mm(MmContext* next) REQUIRES(irqs_masked);

// Names `table` in the directory slot for `address`, in truth and in the machine's view. Caller holds the lock that
// guards which tables there are.
void pmd_populate(MmContext& mm, UserAddr address, PteTable& table);

// Empties the directory slot. The caller holds the same lock, and flushes before it frees the table.
void pmd_clear(MmContext& mm, UserAddr address);

// Stores `pte` where nothing that a TLB could hold was before (an absent or never-accessible entry), or where the
// caller flushes afterwards. Law: truth first; the machine sees either the old descriptor or the whole new one.
void set_pte_at(MmContext& mm, UserAddr address, PteSlot* slot, Pte pte);

// Empties the entry and returns what it was, atomically: a dirty bit set by a racing fault is in the returned value.
// The caller owes a flush.
[[nodiscard]] Pte ptep_get_and_clear(MmContext& mm, UserAddr address, PteSlot* slot);

// Adds permissions: YOUNG, and if `dirty` DIRTY and WRITE as in `entry`. Never removes a bit another CPU just set
// (invariant: Linux arm64 lost dirty here in 2016). Returns whether truth changed; if so this CPU's TLB no longer
// holds the page, nor does any other CPU's with tlb=eager. Law: afterwards this CPU may make every access that `entry` permits.
bool ptep_set_access_flags(MmContext& mm, UserAddr address, PteSlot* slot, Pte entry, bool dirty);

// Clears YOUNG; returns whether it was set. DIRTY and WRITE stay. The caller owes a flush.
bool ptep_test_and_clear_young(MmContext& mm, UserAddr address, PteSlot* slot);

// Clears WRITE. DIRTY stays in the entry. The caller owes a flush.
void ptep_set_wrprotect(MmContext& mm, UserAddr address, PteSlot* slot);

// After a fault installed or changed an entry: lets a software-filled TLB load it in advance. Nothing on `walked`.
void update_mmu_cache(MmContext& mm, UserAddr address, PteSlot* slot);

// Invalidates translations of one page, of [start, end) (page-aligned, end exclusive), of the whole mm: on every CPU.
// Law: on return no CPU can use a translation older than truth. No lock needed.
void flush_tlb_page(MmContext& mm, UserAddr address);
void flush_tlb_range(MmContext& mm, UserAddr start, UserAddr end);
void flush_tlb_mm(MmContext& mm);

// Drops this page from this CPU's TLB only: what a fault does that found the entry already permitting the access
// (another CPU relaxed it and flushed only itself). No lock needed.
void flush_tlb_fix_spurious_fault(MmContext& mm, UserAddr address);

// How often this CPU's translations of `mm` were invalidated; a context switch alone does not count.
u32 tlb_generation(const MmContext& mm);

// The raw descriptors this CPU would use for `address` (0 where there is none), and a description of them in
// words ("small page, read-only, XN, nG"), NUL-terminated, cut to `size`. For reports. What is absent denies every access
// to a walker, and nothing to a TLB that software fills.
struct HardwareDescriptor {
    u32 first_level = 0;
    u32 second_level = 0;
};
HardwareDescriptor hardware_descriptor(const MmContext& mm, UserAddr address);
void describe_descriptor(HardwareDescriptor descriptor, char* buffer, std::size_t size);

// The same of descriptors that a walker obeys whatever the back end: those of the kernel's own addresses.
void describe_walk(HardwareDescriptor descriptor, char* buffer, std::size_t size);

} // namespace faultline
