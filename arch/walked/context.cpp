// One address space as the walker sees it: its first-level table, and the slots that name second-level ones.
#include <atomic>

#include "arch/contract/machine.hpp"
#include "arch/contract/memory.hpp"
#include "arch/contract/mmu.hpp"
#include "arch/contract/page_supply.hpp"
#include "arch/walked/asid.hpp"
#include "arch/walked/descriptor.hpp"

namespace faultline {

namespace {

// A PteTable covers 2 MiB, a first-level descriptor 1 MiB: two neighbours name its two second-level tables.
u32* first_level_pair(MmContext& mm, UserAddr address) {
    return mm.hardware_directory + 2 * pgd_index(address);
}

} // namespace

Result<void> init_new_context(MmContext& mm, PageDirectory& pgd) {
    void* directory = alloc_hardware_directory();
    if (directory == nullptr)
        return Err(Errno::NOMEM);
    mm = MmContext{};
    mm.pgd = &pgd;
    mm.hardware_directory = static_cast<u32*>(directory);
    return {};
}

void destroy_context(MmContext& mm) {
    free_hardware_directory(mm.hardware_directory);
    mm.hardware_directory = nullptr;
    mm.pgd = nullptr;
}

void switch_mm(MmContext* next) { walked::activate(next); }

void pmd_populate(MmContext& mm, UserAddr address, PteTable& table) {
    mm.pgd->tables[pgd_index(address)] = &table;
    // A walker that finds the table must find it zeroed (Linux: the smp_wmb in mm/memory.c __pte_alloc).
    std::atomic_thread_fence(std::memory_order_release);
    const PhysAddr hardware = virt_to_phys(table.hardware.data());
    u32* pair = first_level_pair(mm, address);
    machine::store_descriptor(pair, walked::derive_first_level(hardware));
    machine::store_descriptor(pair + 1,
                              walked::derive_first_level(hardware + armv7::SECOND_LEVEL_TABLE_SIZE));
}

void pmd_clear(MmContext& mm, UserAddr address) {
    mm.pgd->tables[pgd_index(address)] = nullptr;
    u32* pair = first_level_pair(mm, address);
    machine::store_descriptor(pair, armv7::INVALID_DESCRIPTOR);
    machine::store_descriptor(pair + 1, armv7::INVALID_DESCRIPTOR);
}

} // namespace faultline
