// Filling the TLB: at a miss, and in advance when a fault has just been served.
//
// This CPU reads truth without any lock. What it finds stays meaningful for as long as interrupts are masked: a table
// is freed, and a permission taken away, only by somebody who changes truth first and then asks this CPU to drop what it
// holds (tlb.cpp), which it does when it takes interrupts again. So what is written here is either newer than that change
// or dropped right after. (Linux's get_user_pages_fast relies on the same.)
#include <atomic>

#include <mmu/refill.hpp>

#include "arch/backend/descriptor.hpp"
#include "arch/softtlb/cpu.hpp"
#include "base/irq_guard.hpp"

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
    softtlb::count(cpu.statistics.fills);
    if (cpu.tlb.insert(page, cpu.mm->asid, backend::derive_descriptor(truth)))
        softtlb::count(cpu.statistics.evictions);
}

} // namespace

// An entry that survived in the TLB is used as it is, which may be older than truth: if it permits less, the access
// faults again, with a permission fault, and that one is real. So is a miss on an entry that does not permit the access:
// loading it would only turn it into a permission fault.
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
    fill(cpu, page, truth);
    return true;
}

// Saves the miss that would follow at once (Linux MIPS: __update_tlb).
void update_mmu_cache(MmContext& mm, UserAddr address, PteSlot* slot) {
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
