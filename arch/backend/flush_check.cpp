// The check of tlb_check=1: each CPU tries accesses that the entries forbid (arch/backend/flush_check.hpp).
#include "arch/backend/flush_check.hpp"

#include "arch/backend/asid.hpp"
#include "arch/backend/tlb_holders.hpp"
#include "arch/contract/uaccess.hpp"
#include "arch/contract/upcalls.hpp"
#include "base/irq_guard.hpp"

namespace faultline::backend {

namespace {

struct Flushed {
    const MmContext& mm;
    UserAddr start, end;
};

// Checks one page. Pages without a PteTable are not checked: a flush came before their table was freed, and since then
// no TLB can have loaded anything for them.
void check_page(const PteTable& table, UserAddr page) REQUIRES(irqs_masked) {
    const PteSlot& slot = table.entries[pte_index(page)];
    const auto forbids = [&slot](bool write) {
        const Pte entry = pte_obeyed(ptep_get(&slot), write);
        return write ? !pte_user_writable(entry) : !pte_user_readable(entry);
    };
    // What only lacks a bit that the machine sets itself is not tried: that would set it.
    constexpr u32 LAST_WORD = PAGE_SIZE - sizeof(u32); // a write here, of the value that is there, disturbs least
    for (const bool write : {true, false}) {
        // The entry is read before and after the probe: another CPU may permit the access in between.
        if (forbids(write) && probe_user(page + LAST_WORD, write) && forbids(write)) {
            tlb_violation(page, ptep_get(&slot), write);
            return;
        }
    }
}

// Runs on each CPU.
void check_here(void* argument) REQUIRES(irqs_masked) {
    const auto& flushed = *static_cast<const Flushed*>(argument);
    if (!runs_here(flushed.mm))
        return;
    for (UserAddr page = flushed.start; page < flushed.end;) {
        const PteTable* table = flushed.mm.pgd->tables[pgd_index(page)];
        if (table == nullptr) {
            page = UserAddr((page.value() & PMD_MASK) + PMD_SIZE);
            continue;
        }
        check_page(*table, page);
        page += PAGE_SIZE;
    }
}

} // namespace

void check_flush(MmContext& mm, UserAddr start, UserAddr end) {
    Flushed flushed{mm, start, end};
    {
        const IrqGuard no_interrupts;
        check_here(&flushed);
    }
    if (const CpuMask others = cpus_of(mm) - this_cpu_only(); !others.empty())
        machine::smp_call_function_many(others, check_here, &flushed);
}

} // namespace faultline::backend
