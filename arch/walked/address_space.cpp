// One address space as the walker sees it: its first-level table, and the slots that name second-level ones.
#include <atomic>

#include "arch/backend/asid.hpp"
#include "arch/backend/descriptor.hpp"
#include "arch/contract/machine.hpp"
#include "arch/contract/memory.hpp"
#include "arch/contract/page_supply.hpp"
#include "arch/contract/tlb.hpp"

namespace faultline {

constinit TlbConfig tlb_config{.relax = TlbRelax::Eager, .entries = 0};

const char* mmu_name() { return "walked"; }

void mmu_init_cpu() {} // the walker needs nothing of a CPU's own

namespace {

// A PteTable covers 2 MiB, a first-level descriptor 1 MiB: two neighbours name its two second-level tables.
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

// The machine's view first: who finds the table in truth may use it under the table's own lock alone, and would fault in
// vain on an entry that the walker cannot reach yet. What it shows meanwhile are entries that are none.
void pmd_populate(MmContext& mm, UserAddr address, PteTable& table) {
    // A walker that finds the table must find it zeroed (Linux: the smp_wmb in mm/memory.c __pte_alloc).
    std::atomic_thread_fence(std::memory_order_release);
    const PhysAddr hardware = virt_to_phys(table.hardware.data());
    u32* pair = first_level_pair(mm, address);
    machine::store_descriptor(pair, backend::derive_first_level(hardware));
    machine::store_descriptor(pair + 1, backend::derive_first_level(hardware + armv7::SECOND_LEVEL_TABLE_SIZE));
    // There before anything else is looked at (mm/vm_fault.hpp, still_cached).
    std::atomic_ref(mm.pgd->tables[pgd_index(address)]).store(&table, std::memory_order_seq_cst);
}

void pmd_clear(MmContext& mm, UserAddr address) {
    std::atomic_ref(mm.pgd->tables[pgd_index(address)]).store(nullptr, std::memory_order_relaxed);
    u32* pair = first_level_pair(mm, address);
    machine::store_descriptor(pair, armv7::INVALID_DESCRIPTOR);
    machine::store_descriptor(pair + 1, armv7::INVALID_DESCRIPTOR);
}

void update_mmu_cache(MmContext&, UserAddr, PteSlot*) {} // the walker finds the descriptor by itself

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
