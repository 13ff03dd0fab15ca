// The hooks that change one entry: truth first, then the machine's view of it (arch/contract/mmu.hpp). The same for
// every back end but for that view, which its <mmu/derive.hpp> derives.
#include <mmu/derive.hpp>

#include "arch/backend/tlb_holders.hpp"
#include "base/trace.hpp"

namespace faultline {

namespace {

// Removes `flags` from truth, whatever other bits a racing fault adds meanwhile; returns what was there.
[[gnu::always_inline]] inline Pte remove_flags(UserAddr address, PteSlot* slot, u32 flags) {
    const Pte old = slot->fetch_clear(flags);
    TRACE(EntryStored, address, old, old.without(flags));
    backend::derive(address, slot, old.without(flags));
    return old;
}

} // namespace

void set_pte_at(MmContext&, UserAddr address, PteSlot* slot, Pte pte) {
    TRACE_CHANGE(EntryStored, address, slot->load(), slot->store(pte), pte);
    backend::derive(address, slot, pte);
}

Pte ptep_get_and_clear(TlbDebt& debt, UserAddr address, PteSlot* slot) {
    const Pte old = slot->exchange(Pte{});
    TRACE(EntryStored, address, old, 0u);
    backend::derive(address, slot, Pte{});
    debt.owe(address);
    return old;
}

void ptep_clear_flush(MmContext& mm, UserAddr address, PteSlot* slot) {
    TRACE_CHANGE(EntryStored, address, slot->load(), slot->store(Pte{}), 0u);
    backend::derive(address, slot, Pte{});
    flush_tlb_page(mm, address);
}

bool ptep_add_flags(MmContext& mm, UserAddr address, PteSlot* slot, u32 added) {
    const Pte old = slot->fetch_set(added);
    if (old.has(added))
        return false; // another CPU was faster; flush_tlb_fix_spurious_fault drops a stale TLB entry
    TRACE(EntryStored, address, old, old.with(added));
    backend::derive(address, slot, old.with(added));
    // The TLB may hold the page read-only, and such an entry stays until it is invalidated (ARM ARM B3.10.1).
    // Other CPUs that hold it may be left to find out by a spurious fault, which is legal.
    if (backend::may_be_held_elsewhere(mm) && tlb_config.relax == TlbRelax::Eager)
        flush_tlb_page(mm, address);
    else
        backend::local_flush_tlb_page(mm, address);
    backend::preload(mm, address, slot);
    return true;
}

bool ptep_test_and_clear_young(TlbDebt& debt, UserAddr address, PteSlot* slot) {
    if (!pte_young(slot->load()))
        return false;
    debt.owe(address);
    return pte_young(remove_flags(address, slot, Pte::YOUNG));
}

void ptep_set_wrprotect(TlbDebt& debt, UserAddr address, PteSlot* slot) {
    remove_flags(address, slot, Pte::WRITE);
    debt.owe(address);
}

void update_mmu_cache(MmContext& mm, UserAddr address, PteSlot* slot) { backend::preload(mm, address, slot); }

void TlbDebt::flush() {
    flush_tlb_range(mm_, start_, end_);
    end_ = UserAddr(0);
}

} // namespace faultline
