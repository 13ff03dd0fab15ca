// What a changed entry means to a table walker at once. <mmu/…> is found in the back end's own folder, as <arch/…> is in
// the machine's: what stands on every entry's and every fault's path is inlined, and neither back end pays for the other.
#pragma once

#include <arch/translation.hpp>

#include "arch/backend/derived_descriptors.hpp"
#include "arch/backend/tlb_holders.hpp"
#include "arch/contract/machine.hpp"
#include "arch/contract/mmu.hpp"
#include "base/trace.hpp"

namespace faultline::backend {

// The descriptor that stands for a truth entry: in the other half of the same table, so at a fixed distance.
inline u32* descriptor_of(PteSlot* slot) { return reinterpret_cast<u32*>(slot) - PTRS_PER_PTE; }
static_assert(offsetof(PteTable, entries) - offsetof(PteTable, hardware) == PTRS_PER_PTE * sizeof(u32));

// Brings the machine's view of an entry up to date: `pte` was just stored in `slot`.
inline void derive(UserAddr address, PteSlot* slot, Pte pte) {
    const u32 derived = descriptor_for(pte);
    u32* const descriptor = descriptor_of(slot);
    TRACE_CHANGE(DescriptorStored, address, *descriptor, machine::store_descriptor(descriptor, derived), derived);
}

// Drops one page from this CPU's TLB, after the DSB of store_descriptor(). (Linux: the same name.)
inline void local_flush_tlb_page(MmContext& mm, UserAddr address) {
    TRACE_AFTER(machine::tlb_invalidate_mva(address, asid_of(mm)), TlbDropped, address.page(),
                address.page() + PAGE_SIZE, this_cpu_only());
    count_local_flush(mm);
}

// After a fault has installed or changed an entry: nothing, because the walker finds the descriptor by itself.
inline void preload(MmContext&, UserAddr, PteSlot*) {}

} // namespace faultline::backend
