// Filling the TLB: at a miss, and in advance after a fault has been handled.
//
// A miss reads truth without a lock. What it reads stays valid while interrupts are masked. A CPU that frees a table or
// takes a permission away first changes truth and then asks this CPU to drop its entries (tlb.cpp); this CPU does so
// when it takes interrupts again. So an entry written here is either newer than that change, or it is dropped right
// afterwards. (Linux's get_user_pages_fast relies on the same argument.)
#include <atomic>

#include <mmu/derive.hpp>
#include <mmu/refill.hpp>

#include "arch/backend/descriptor.hpp"
#include "arch/softtlb/cpu.hpp"
#include "base/irq_guard.hpp"
#include "base/trace.hpp"

namespace faultline {

namespace {

Pte truth_of(const MmContext& mm, UserAddr page) {
    const PteTable* table = std::atomic_ref(mm.pgd->tables[pgd_index(page)]).load(std::memory_order_acquire);
    return table != nullptr ? ptep_get(&table->entries[pte_index(page)]) : Pte{};
}

bool permits(Pte truth, const FaultInfo& access) {
    if (access.write)
        return pte_user_writable(truth);
    return access.execute ? pte_user_executable(truth) : pte_user_readable(truth);
}

void fill(softtlb::Cpu& cpu, UserAddr page, Pte truth) {
    const u32 descriptor = backend::derive_descriptor(truth);
    TRACE(DescriptorStored, page, cpu.tlb.find(page, cpu.mm->asid), descriptor);
    softtlb::count(cpu.statistics.fills);
    if (cpu.tlb.insert(page, cpu.mm->asid, descriptor))
        softtlb::count(cpu.statistics.evictions);
}

} // namespace

// An entry that is still in the TLB is used without reading truth again, and may be older than truth. If it permits
// less than needed, the access faults once more, with a permission fault, which goes to the fault handler. A miss also
// counts as a fault if truth does not permit the access: a loaded entry would only change the fault into a permission
// fault.
bool refill_tlb(const FaultInfo& fault) {
    if (fault.kind != FaultKind::Translation || fault.address >= TASK_SIZE)
        return false;
    softtlb::Cpu& cpu = softtlb::this_cpu();
    if (cpu.mm == nullptr)
        return false;
    const UserAddr page = UserAddr(fault.address).page();
    if (cpu.tlb.reinstall(page, cpu.mm->asid)) {
        softtlb::count(cpu.statistics.survivors);
        return true;
    }
    const Pte truth = truth_of(*cpu.mm, page);
    if (!permits(truth, fault))
        return false;
    TRACE(TlbRefill, fault.address, truth);
    fill(cpu, page, truth);
    return true;
}

// Avoids the miss that would follow at once (Linux MIPS: __update_tlb).
void backend::preload(MmContext& mm, UserAddr address, PteSlot* slot) {
    const IrqGuard no_interrupts;
    softtlb::Cpu& cpu = softtlb::this_cpu();
    const UserAddr page = address.page();
    if (cpu.mm != &mm || cpu.tlb.find(page, mm.asid) != 0)
        return;
    const Pte truth = ptep_get(slot);
    if (pte_user_readable(truth))
        fill(cpu, page, truth);
}

} // namespace faultline
