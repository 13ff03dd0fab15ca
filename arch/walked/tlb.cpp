// Dropping translations from TLBs, and counting that it was done.
//
// Who holds translations of an mm: only CPUs in its cpu_mask, under its ASID. A CPU enters the mask before it
// can walk the mm's tables (asid.cpp) and leaves it only when all TLBs are flushed, so a flush that finds
// this CPU alone in the mask stays on this CPU. No entry slips through between: the flusher stores the
// descriptor, then reads the mask; the CPU that arrives sets its bit, then walks; a barrier stands between on
// both sides (the DSBs of store_descriptor and set_translation_table), so one of them sees the other.
#include "arch/walked/tlb.hpp"

#include <atomic>
#include <bit>

#include "arch/contract/machine.hpp"
#include "arch/walked/asid.hpp"

namespace faultline {

namespace {

// Beyond this many pages the whole mm is dropped (Linux 6.1: 33 on x86, 512 on arm64).
constexpr u32 MAX_PAGES_ONE_BY_ONE = 32;

constexpr u32 bit(CpuId cpu) { return 1u << cpu.value(); }

void count(MmContext& mm, u32 cpu) {
    std::atomic_ref(mm.tlb_generation[cpu]).fetch_add(1, std::memory_order_relaxed);
}

u32 cpus_of(MmContext& mm) { return std::atomic_ref(mm.cpu_mask).load(std::memory_order_relaxed); }
Asid asid_of(MmContext& mm) { return std::atomic_ref(mm.asid).load(std::memory_order_relaxed); }

// Calls here(asid) or everywhere(asid), as the CPUs that hold translations of `mm` require, and counts.
template <class Here, class Everywhere>
void invalidate(MmContext& mm, Here here, Everywhere everywhere) {
    const u32 cpus = cpus_of(mm);
    if (cpus == 0)
        return; // it has never run
    if (cpus == bit(machine::this_cpu()))
        here(asid_of(mm));
    else
        everywhere(asid_of(mm));
    for (u32 rest = cpus; rest != 0; rest &= rest - 1)
        count(mm, static_cast<u32>(std::countr_zero(rest)));
}

} // namespace

void walked::invalidate_page_here(MmContext& mm, UserAddr address) {
    machine::tlb_invalidate_mva(address.page(), asid_of(mm));
    count(mm, machine::this_cpu().value());
}

void flush_tlb_page(MmContext& mm, UserAddr address) {
    const UserAddr page = address.page();
    invalidate(
        mm, [page](Asid asid) { machine::tlb_invalidate_mva(page, asid); },
        [page](Asid asid) { machine::tlb_invalidate_mva_inner_shareable(page, asid); });
}

void flush_tlb_range(MmContext& mm, UserAddr start, UserAddr end) {
    if ((end - start) >> PAGE_SHIFT > MAX_PAGES_ONE_BY_ONE) {
        flush_tlb_mm(mm);
        return;
    }
    const auto each_page = [start, end](auto invalidate_page) {
        for (UserAddr page = start; page < end; page += PAGE_SIZE)
            invalidate_page(page);
    };
    invalidate(
        mm, [&](Asid asid) { each_page([asid](UserAddr page) { machine::tlb_invalidate_mva(page, asid); }); },
        [&](Asid asid) {
            each_page([asid](UserAddr page) { machine::tlb_invalidate_mva_inner_shareable(page, asid); });
        });
}

void flush_tlb_mm(MmContext& mm) {
    invalidate(mm, machine::tlb_invalidate_asid, machine::tlb_invalidate_asid_inner_shareable);
}

void flush_tlb_fix_spurious_fault(MmContext& mm, UserAddr address) {
    walked::invalidate_page_here(mm, address);
}

u32 tlb_generation(const MmContext& mm) {
    return mm.tlb_generation[machine::this_cpu().value()] + walked::roll_overs();
}

} // namespace faultline
