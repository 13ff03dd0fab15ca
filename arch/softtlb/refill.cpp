// Filling the TLB: at a miss, and in advance after a fault has been handled.
//
// A miss reads truth without a lock. What it reads stays valid while interrupts are masked. A CPU that frees a table or
// takes a permission away first changes truth and then asks this CPU to drop its entries (tlb.cpp); this CPU does so
// when it takes interrupts again. So an entry written here is either newer than that change, or it is dropped right
// afterwards. (Linux's get_user_pages_fast relies on the same argument.)
//
// With ad_bits=hardware this file plays the part of a machine that sets young and dirty itself. It changes truth as such
// a machine does: without a lock, whenever a program or the kernel makes an access, and each time by an exchange of the
// whole entry, so that no bit appears in an entry that is not the one it found.
#include <atomic>

#include <mmu/derive.hpp>
#include <mmu/refill.hpp>

#include "arch/backend/derived_descriptors.hpp"
#include "arch/softtlb/cpu.hpp"
#include "base/irq_guard.hpp"
#include "base/trace.hpp"

namespace faultline {

namespace {

// nullptr: there is no table.
PteSlot* slot_of(const MmContext& mm, UserAddr page) {
    PteTable* table = std::atomic_ref(mm.pgd->tables[pgd_index(page)]).load(memory_order_dependent);
    return table != nullptr ? &table->entries[pte_index(page)] : nullptr;
}

bool permits(Pte truth, FaultInfo access) {
    if (access.write())
        return pte_user_writable(truth);
    return access.execute() ? pte_user_executable(truth) : pte_user_readable(truth);
}

// Sets what the access leaves in the entry, if the entry permits it. `truth` is what was found there; returns what is there
// then. If the entry changes meanwhile, the new one is asked.
[[gnu::noinline]] Pte set_ad_bits(PteSlot* slot, Pte truth, FaultInfo access) {
    Pte accessed = pte_accessed(truth, access.write());
    while (permits(accessed, access) && accessed != truth) {
        if (slot->compare_exchange(truth, accessed)) {
            TRACE(EntryStored, access.address, truth, accessed);
            return accessed;
        }
        accessed = pte_accessed(truth, access.write());
    }
    return truth;
}

// What a walker finds: the page's entry if it permits the access, else none.
Pte walk(const MmContext& mm, UserAddr page, FaultInfo access) {
    PteSlot* slot = slot_of(mm, page);
    if (slot == nullptr)
        return {};
    Pte truth = ptep_get(slot);
    if (tlb_config.ad_bits == AdBits::Hardware) [[unlikely]]
        truth = set_ad_bits(slot, truth, access);
    return permits(truth, access) ? truth : Pte{};
}

// The TLB has no entry with this tag. Inlined in both callers, which are on the path of every page that is touched.
[[gnu::always_inline]] inline void fill(softtlb::Cpu& cpu, softtlb::TlbTag tag, Pte truth) {
    const u32 descriptor = backend::descriptor_for(truth);
    softtlb::count(cpu.statistics.fills);
    const bool evicted = cpu.tlb.insert(tag, descriptor);
    TRACE(DescriptorStored, tag.page(), 0u, descriptor);
    if (evicted)
        softtlb::count(cpu.statistics.evictions);
}

// Whether the machine looks at truth although its TLB has an entry: only with ad_bits=hardware.
bool looks_again(FaultInfo fault) {
    const bool hardware = tlb_config.ad_bits == AdBits::Hardware;
    return hardware && fault.kind() == FaultKind::Permission && (fault.user_mode() || !fault.execute());
}

} // namespace

// An entry that is still in the TLB is used without reading truth again, and may be older than truth. If it permits
// less than needed, the access faults once more, with a permission fault, which goes to the fault handler. A miss also
// counts as a fault if truth does not permit the access: a loaded entry would only change the fault into a permission
// fault.
//
// A machine that sets the bits looks at truth in that case, too. It must, because the first write to a clean page finds
// an entry that permits reading only; and so an entry that is older than truth goes unnoticed there (docs/backends.md).
// But no entry permits the kernel to execute a user's page.
bool refill_tlb(FaultInfo fault) {
    const bool miss = fault.kind() == FaultKind::Translation;
    if ((!miss && !looks_again(fault)) || fault.address >= TASK_SIZE)
        return false;
    softtlb::Cpu& cpu = softtlb::this_cpu();
    if (cpu.mm == nullptr)
        return false;
    const UserAddr page = UserAddr(fault.address).page();
    const softtlb::TlbTag tag(page, cpu.mm->asid);
    if (!miss) {
        cpu.tlb.drop(cpu.mm->asid, page, page + PAGE_SIZE);
    } else if (cpu.tlb.reinstall(tag)) {
        softtlb::count(cpu.statistics.survivors);
        return true;
    }
    const Pte truth = walk(*cpu.mm, page, fault);
    if (truth == Pte{})
        return false;
    TRACE(TlbRefill, page, truth);
    fill(cpu, tag, truth);
    return true;
}

// Avoids the miss that would follow at once (Linux MIPS: __update_tlb).
void backend::preload(MmContext& mm, UserAddr address, PteSlot* slot) {
    const IrqGuard no_interrupts;
    softtlb::Cpu& cpu = softtlb::this_cpu();
    const softtlb::TlbTag tag(address.page(), mm.asid);
    if (cpu.mm != &mm || cpu.tlb.find(tag) != 0)
        return;
    const Pte truth = ptep_get(slot);
    if (pte_user_readable(truth))
        fill(cpu, tag, truth);
}

} // namespace faultline
