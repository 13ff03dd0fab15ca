#include "arch/model/check.hpp"

#include <cstdio>

#include "arch/contract/memory.hpp"
#include "arch/model/machine.hpp"

namespace faultline::model {

namespace {

bool permits(const TlbEntry& entry, u32 dacr, AccessType type) {
    return check(entry.mapping, dacr, {.type = type, .privileged = false}).ok;
}

Pte truth_of(const MmContext& mm, u32 address) {
    const PteTable* table = mm.pgd->tables[pgd_index(UserAddr(address))];
    return table != nullptr ? ptep_get(&table->entries[pte_index(UserAddr(address))]) : Pte{};
}

// What is wrong with an entry loaded from mm's tables; nullptr: nothing.
const char* complaint(const MmContext& mm, const Cpu& cpu, const TlbEntry& entry) {
    const Pte truth = truth_of(mm, entry.page);
    if (entry.mapping.ng && entry.asid == cpu.asid && entry.ttbr0 != cpu.ttbr0)
        return "is used by another address space";
    if (!entry.mapping.ng)
        return "is global";
    const bool read = permits(entry, cpu.dacr, AccessType::Read);
    const bool write = permits(entry, cpu.dacr, AccessType::Write);
    const bool execute = permits(entry, cpu.dacr, AccessType::Execute);
    if (read && !pte_user_readable(truth))
        return "may be read, truth says no";
    if (write && !pte_user_writable(truth))
        return "may be written, truth says no";
    if (execute && !pte_user_executable(truth))
        return "may be executed, truth says no";
    if (read && entry.frame != truth.pfn().address().value())
        return "leads to another frame than truth";
    return nullptr;
}

} // namespace

std::vector<std::string> check_tlb_against_truth(const MmContext& mm) {
    std::vector<std::string> findings;
    const Machine& machine = Machine::get();
    const u32 directory = virt_to_phys(mm.hardware_directory).value();
    for (u32 number = 0; number < machine.cpu_count(); ++number) {
        const Cpu& cpu = machine.cpu(number);
        cpu.tlb.for_each([&](const TlbEntry& entry) {
            const char* what = entry.ttbr0 == directory ? complaint(mm, cpu, entry) : nullptr;
            if (what == nullptr)
                return;
            char line[128];
            std::snprintf(line, sizeof line, "CPU %u, page %08x, ASID %u: %s", number, entry.page, entry.asid,
                          what);
            findings.emplace_back(line);
        });
    }
    return findings;
}

} // namespace faultline::model

namespace faultline {

// Also what is cached of first-level descriptors, and the directories being walked.
bool is_reachable(Pfn frame) {
    const model::Machine& machine = model::Machine::get();
    bool found = false;
    const auto compare = [&](u32 physical) { found = found || Pfn::of(PhysAddr(physical)) == frame; };
    for (u32 number = 0; number < machine.cpu_count(); ++number) {
        const model::Cpu& cpu = machine.cpu(number);
        compare(cpu.ttbr0);
        compare(cpu.ttbr0 + PAGE_SIZE);
        cpu.tlb.for_each([&](const model::TlbEntry& entry) { compare(entry.frame); });
        cpu.tlb.for_each_walk([&](const model::WalkEntry& entry) { compare(entry.descriptor); });
    }
    return found;
}

} // namespace faultline
