// The hooks that change one entry: truth first, then the descriptor derived from it (arch/contract/mmu.hpp).
#include "arch/contract/machine.hpp"
#include "arch/contract/mmu.hpp"
#include "arch/walked/descriptor.hpp"
#include "arch/walked/tlb.hpp"

namespace faultline {

namespace {

// The descriptor that stands for a truth entry: in the other half of the same table, so at a fixed distance.
u32* descriptor_of(PteSlot* slot) { return reinterpret_cast<u32*>(slot) - PTRS_PER_PTE; }
static_assert(offsetof(PteTable, entries) - offsetof(PteTable, hardware) == PTRS_PER_PTE * sizeof(u32));

void derive(PteSlot* slot, Pte pte) {
    machine::store_descriptor(descriptor_of(slot), walked::derive_descriptor(pte));
}

// Removes `flags` from truth, whatever other bits a racing fault adds meanwhile; returns what was there.
Pte remove_flags(PteSlot* slot, u32 flags) {
    Pte old = slot->load();
    while (!slot->compare_exchange(old, old.without(flags))) {
    }
    derive(slot, old.without(flags));
    return old;
}

} // namespace

void set_pte_at(MmContext&, UserAddr, PteSlot* slot, Pte pte) {
    slot->store(pte);
    derive(slot, pte);
}

Pte ptep_get_and_clear(MmContext&, UserAddr, PteSlot* slot) {
    const Pte old = slot->exchange(Pte{});
    derive(slot, Pte{});
    return old;
}

bool ptep_set_access_flags(MmContext& mm, UserAddr address, PteSlot* slot, Pte entry, bool dirty) {
    const u32 added = entry.bits() & (dirty ? Pte::YOUNG | Pte::DIRTY | Pte::WRITE : u32{Pte::YOUNG});
    Pte old = slot->load();
    do {
        if (old.has(added))
            return false; // somebody was faster; a stale TLB entry is flush_tlb_fix_spurious_fault's business
    } while (!slot->compare_exchange(old, old.with(added)));
    derive(slot, old.with(added));
    // The TLB may hold the page read-only, and such an entry stays until it is invalidated (ARM ARM B3.10.1).
    // Other CPUs that hold it are left to find out by a spurious fault, which is legal.
    walked::invalidate_page_here(mm, address);
    return true;
}

bool ptep_test_and_clear_young(MmContext&, UserAddr, PteSlot* slot) {
    if (!pte_young(slot->load()))
        return false;
    return pte_young(remove_flags(slot, Pte::YOUNG));
}

void ptep_set_wrprotect(MmContext&, UserAddr, PteSlot* slot) { remove_flags(slot, Pte::WRITE); }

void update_mmu_cache(MmContext&, UserAddr, PteSlot*) {} // the walker finds the descriptor by itself

} // namespace faultline
