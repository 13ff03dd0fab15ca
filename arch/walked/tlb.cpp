// Invalidating translations in TLBs, and counting the invalidations. arch/backend/tlb_holders.hpp says which CPUs may
// hold translations; the barriers it needs are the DSBs of store_descriptor() and set_translation_table().
#include <arch/translation.hpp>
#include <mmu/derive.hpp>

#include "arch/backend/flush_check.hpp"
#include "arch/backend/tlb_holders.hpp"
#include "base/trace.hpp"

namespace faultline {

using namespace backend;

namespace {

// A flush of more pages than this invalidates the whole mm: one instruction, and the entries that are still needed are
// walked for again (Linux 6.1: 33 on x86, 512 on arm64).
constexpr u32 MAX_PAGES_ONE_BY_ONE = 8;

// Invalidates [start, end) and counts it. here(asid) does so if only this CPU may hold translations of `mm`,
// everywhere(asid) if other CPUs may.
template <class Here, class Everywhere>
void invalidate(MmContext& mm, UserAddr start, UserAddr end, Here here, Everywhere everywhere) {
    const CpuMask cpus = cpus_to_flush(mm);
    if (cpus == this_cpu_only())
        here(asid_of(mm));
    else if (!cpus.empty()) // empty: the mm has never run with this ASID
        everywhere(asid_of(mm));
    TRACE(TlbDropped, start, end, cpus);
    count_flush(mm, cpus);
    if (tlb_config.check) [[unlikely]]
        check_flush(mm, start, end);
}

} // namespace

void local_flush_tlb_mm(MmContext& mm) {
    machine::tlb_invalidate_asid(asid_of(mm));
    TRACE(TlbDropped, 0u, TASK_SIZE, this_cpu_only());
    count_local_flush(mm);
}

void flush_tlb_page(MmContext& mm, UserAddr address) {
    const UserAddr page = address.page();
    invalidate(
        mm, page, page + PAGE_SIZE, [page](Asid asid) { machine::tlb_invalidate_mva(page, asid); },
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
        mm, start, end,
        [&](Asid asid) { each_page([asid](UserAddr page) { machine::tlb_invalidate_mva(page, asid); }); },
        [&](Asid asid) {
            each_page([asid](UserAddr page) { machine::tlb_invalidate_mva_inner_shareable(page, asid); });
        });
}

void flush_tlb_mm(MmContext& mm) {
    invalidate(mm, UserAddr(0), UserAddr(TASK_SIZE), machine::tlb_invalidate_asid,
               machine::tlb_invalidate_asid_inner_shareable);
}

void flush_tlb_fix_spurious_fault(MmContext& mm, UserAddr address) { local_flush_tlb_page(mm, address); }

bool tlb_statistics(CpuId, TlbStatistics&) { return false; }

TlbSlot tlb_slot(CpuId, u32) { return {}; }

} // namespace faultline
