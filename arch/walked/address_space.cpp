// One address space as the table walker sees it: its first-level table, and the slots that name second-level tables.
#include <arch/translation.hpp>

#include <atomic>

#include "arch/backend/asid.hpp"
#include "arch/backend/first_level.hpp"
#include "arch/contract/machine.hpp"
#include "arch/contract/memory.hpp"
#include "arch/contract/page_supply.hpp"
#include "arch/contract/tlb.hpp"

namespace faultline {

constinit TlbConfig tlb_config{.relax = TlbRelax::Eager, .entries = 0};

const char* mmu_name() { return "walked"; }

void mmu_init_cpu() {} // the walker needs no data for each CPU

namespace {

// A PteTable covers 2 MiB and a first-level descriptor covers 1 MiB, so two adjacent descriptors name its two
// second-level tables.
u32* first_level_pair(MmContext& mm, UserAddr address) { return mm.hardware_directory + 2 * pgd_index(address); }

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

void switch_mm(MmContext* next) { backend::activate(next); }

void backend::load(MmContext* mm) {
    if (mm == nullptr)
        machine::set_translation_table(machine::empty_directory(), NO_ASID);
    else
        machine::set_translation_table(virt_to_phys(mm->hardware_directory), mm->asid);
}

void backend::drop_everything() { machine::tlb_invalidate_all_inner_shareable(); }

// The machine's view is stored before truth. Otherwise another CPU could find the table in truth, use it with only the
// table's own lock, and repair a fault in vain, because the walker cannot reach the entry yet. Until truth names the
// table, the walker finds only invalid entries in it.
void pmd_populate(MmContext& mm, UserAddr address, PteTable& table) {
    // A walker that finds the table must find it zeroed (Linux: the smp_wmb in mm/memory.c __pte_alloc).
    std::atomic_thread_fence(std::memory_order_release);
    const PhysAddr hardware = virt_to_phys(table.hardware.data());
    u32* pair = first_level_pair(mm, address);
    machine::store_descriptor(pair, backend::derive_first_level(hardware));
    machine::store_descriptor(pair + 1, backend::derive_first_level(hardware + armv7::SECOND_LEVEL_TABLE_SIZE));
    // Visible before this CPU reads anything else (mm/filemap.hpp, still_cached).
    std::atomic_ref(mm.pgd->tables[pgd_index(address)]).store(&table, std::memory_order_seq_cst);
}

void pmd_clear(MmContext& mm, UserAddr address) {
    std::atomic_ref(mm.pgd->tables[pgd_index(address)]).store(nullptr, std::memory_order_relaxed);
    u32* pair = first_level_pair(mm, address);
    machine::store_descriptor(pair, armv7::INVALID_DESCRIPTOR);
    machine::store_descriptor(pair + 1, armv7::INVALID_DESCRIPTOR);
}

HardwareDescriptor hardware_descriptor(const MmContext& mm, UserAddr address) {
    HardwareDescriptor result;
    if (address.value() >= TASK_SIZE)
        return result;
    result.first_level = mm.hardware_directory[address.value() >> armv7::SECTION_SHIFT];
    if (const PteTable* table = mm.pgd->tables[pgd_index(address)])
        result.second_level = table->hardware[pte_index(address)];
    return result;
}

void describe_descriptor(HardwareDescriptor descriptor, char* buffer, std::size_t size) {
    describe_walk(descriptor, buffer, size);
}

} // namespace faultline
