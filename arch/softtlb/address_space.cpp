// Address spaces for a software-filled TLB: an ASID that tags the TLB's entries, and truth, from which they are filled.
// Nothing is derived in advance.
#include "arch/armv7/short_descriptor.hpp"
#include "arch/backend/asid.hpp"
#include "arch/backend/describe.hpp"
#include "arch/backend/tlb_holders.hpp"
#include "arch/softtlb/cpu.hpp"

namespace faultline {

constinit TlbConfig tlb_config{.relax = TlbRelax::Lazy, .entries = 64};

constinit std::array<softtlb::Cpu, machine::MAX_CPUS> softtlb::cpus{};

const char* mmu_name() { return "softtlb"; }

void mmu_init_cpu() {
    softtlb::Cpu& cpu = softtlb::this_cpu();
    cpu.tlb.init(tlb_config.entries);
    cpu.mm = nullptr;
    cpu.statistics = {};
    cpu.must_drop_all.store(false, std::memory_order_relaxed);
}

Result<void> init_new_context(MmContext& mm, PageDirectory& pgd) {
    mm = MmContext{};
    mm.pgd = &pgd;
    return {};
}

void destroy_context(MmContext& mm) { mm.pgd = nullptr; }

void switch_mm(MmContext* next) { backend::activate(next); }

void backend::load(MmContext* mm) {
    softtlb::Cpu& cpu = softtlb::this_cpu();
    if (mm == nullptr) {
        cpu.mm = nullptr;
        machine::set_translation_table(machine::empty_directory(), NO_ASID);
        return;
    }
    if (cpu.must_drop_all.load(std::memory_order_relaxed)) {
        cpu.tlb.drop_all();
        cpu.must_drop_all.store(false, std::memory_order_relaxed);
    }
    cpu.mm = mm;
    std::atomic_thread_fence(std::memory_order_seq_cst); // enter cpu_mask first, read truth second (tlb_holders.hpp)
    machine::set_translation_table(cpu.tlb.select(mm->asid), mm->asid);
}

// Each CPU drops its entries at its next switch. Until then it uses only the entries of the ASID that it runs with, and
// that ASID stays with its mm.
void backend::drop_everything() {
    for (softtlb::Cpu& cpu : softtlb::cpus)
        cpu.must_drop_all.store(true, std::memory_order_relaxed);
}

void pmd_populate(MmContext& mm, UserAddr address, PteTable& table) {
    // A CPU that finds the table must find it zeroed (Linux: the smp_wmb in mm/memory.c __pte_alloc).
    std::atomic_ref(mm.pgd->tables[pgd_index(address)]).store(&table, std::memory_order_seq_cst);
}

void pmd_clear(MmContext& mm, UserAddr address) {
    std::atomic_ref(mm.pgd->tables[pgd_index(address)]).store(nullptr, std::memory_order_relaxed);
}

HardwareDescriptor hardware_descriptor(const MmContext& mm, UserAddr address) {
    const softtlb::Cpu& cpu = softtlb::this_cpu();
    if (address.value() >= TASK_SIZE || mm.cpu_mask.empty() || !asid_is_current(mm))
        return {};
    return {.first_level = cpu.tlb.first_level(address), .second_level = cpu.tlb.find({address.page(), mm.asid})};
}

// Every first-level descriptor of the private tables has PXN.
void describe_descriptor(HardwareDescriptor descriptor, char* buffer, std::size_t size) {
    backend::Words words(buffer, size);
    if (descriptor.second_level == armv7::INVALID_DESCRIPTOR)
        words.add("not in this CPU's TLB: the next access asks the entry");
    else
        backend::describe_small_page(words, descriptor.second_level, true);
}

} // namespace faultline
