// Dropping entries, on this CPU and on others. The caller has changed truth already; each CPU reads it at its next
// miss.
#include "arch/backend/tlb_holders.hpp"

#include <mmu/derive.hpp>

#include "arch/backend/asid.hpp"
#include "arch/backend/flush_check.hpp"
#include "arch/softtlb/cpu.hpp"
#include "base/concurrency.hpp"
#include "base/irq_guard.hpp"
#include "base/trace.hpp"

namespace faultline {

using namespace backend;

namespace {

struct Drop {
    Asid asid;
    UserAddr start, end;
};

// Interrupts masked.
bool drop(const Drop& what) { return softtlb::this_cpu().tlb.drop(what.asid, what.start, what.end); }

bool drop_here(MmContext& mm, UserAddr start, UserAddr end) {
    const IrqGuard no_interrupts;
    softtlb::count(softtlb::this_cpu().statistics.flushes);
    count_local_flush(mm);
    return drop({asid_of(mm), start, end});
}

void shoot_down(void* argument) {
    softtlb::count(softtlb::this_cpu().statistics.shootdowns);
    drop(*static_cast<const Drop*>(argument));
}

bool local_flush(MmContext& mm, UserAddr start, UserAddr end) {
    schedule_point("flush the own TLB");
    bool dropped;
    TRACE_AFTER(dropped = drop_here(mm, start, end), TlbDropped, start, end, this_cpu_only());
    return dropped;
}

// This function does not mask interrupts while it waits for other CPUs: one of them may be waiting for this CPU.
void flush(MmContext& mm, UserAddr start, UserAddr end) {
    schedule_point("flush all TLBs");
    std::atomic_thread_fence(std::memory_order_seq_cst); // change truth first, read cpu_mask second (tlb_holders.hpp)
    const CpuMask cpus = cpus_to_flush(mm), here = this_cpu_only();
    if (!(cpus & here).empty())
        drop_here(mm, start, end);
    if (const CpuMask others = cpus - here; !others.empty()) {
        Drop what{asid_of(mm), start, end};
        machine::smp_call_function_many(others, shoot_down, &what);
        count_flush(mm, others);
    }
    TRACE(TlbDropped, start, end, cpus);
    if (tlb_config.check) [[unlikely]]
        check_flush(mm, start, end);
}

} // namespace

void backend::local_flush_tlb_page(MmContext& mm, UserAddr address) {
    local_flush(mm, address.page(), address.page() + PAGE_SIZE);
}
void local_flush_tlb_mm(MmContext& mm) { local_flush(mm, UserAddr(0), UserAddr(TASK_SIZE)); }

void flush_tlb_page(MmContext& mm, UserAddr address) { flush(mm, address.page(), address.page() + PAGE_SIZE); }
void flush_tlb_range(MmContext& mm, UserAddr start, UserAddr end) { flush(mm, start, end); }
void flush_tlb_mm(MmContext& mm) { flush(mm, UserAddr(0), UserAddr(TASK_SIZE)); }

void flush_tlb_fix_spurious_fault(MmContext& mm, UserAddr address) {
    if (local_flush(mm, address.page(), address.page() + PAGE_SIZE))
        softtlb::count(softtlb::this_cpu().statistics.spurious);
}

bool tlb_statistics(CpuId cpu, TlbStatistics& statistics) {
    softtlb::Cpu& of = softtlb::cpus[cpu.value()];
    const auto read = [](u32& counter) { return std::atomic_ref(counter).load(std::memory_order_relaxed); };
    statistics = {.fills = read(of.statistics.fills),
                  .survivors = read(of.statistics.survivors),
                  .evictions = read(of.statistics.evictions),
                  .spurious = read(of.statistics.spurious),
                  .flushes = read(of.statistics.flushes),
                  .shootdowns = read(of.statistics.shootdowns)};
    return of.tlb.size() != 0;
}

// After a new ASID generation has begun, only the entries of the ASID that the CPU runs with count; it drops the others
// before it could use them.
TlbSlot tlb_slot(CpuId number, u32 index) {
    const softtlb::Cpu& cpu = softtlb::cpus[number.value()];
    const TlbSlot slot = cpu.tlb.slot(index);
    if (cpu.must_drop_all.load(std::memory_order_relaxed) && (cpu.mm == nullptr || slot.asid != cpu.mm->asid))
        return {};
    return slot;
}

} // namespace faultline
