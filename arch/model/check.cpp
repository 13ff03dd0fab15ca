// Comparing what the modelled TLBs hold with truth (arch/model/check.hpp), and tlb_can_reach() of the contract.
#include "arch/model/check.hpp"

#include <cstdio>

#include "arch/contract/memory.hpp"
#include "arch/contract/tlb.hpp"
#include "arch/model/machine.hpp"
#include "arch/model/turns.hpp"

namespace faultline::model {

namespace {

bool permits(const TlbEntry& entry, u32 dacr, AccessType type) {
    return check(entry.mapping, dacr, {.type = type, .privileged = false}).ok;
}

Pte truth_of(const MmContext& mm, u32 address) {
    const PteTable* table = mm.pgd->tables[pgd_index(UserAddr(address))];
    return table != nullptr ? ptep_get(&table->entries[pte_index(UserAddr(address))]) : Pte{};
}

// What is wrong with a TLB entry that was loaded from mm's tables, if anything is.
std::optional<TlbFinding> finding(const MmContext& mm, u32 number, const TlbEntry& entry) {
    const Cpu& cpu = Machine::get().cpu(number);
    const auto found = [&](TlbFinding::Kind kind, const char* what) {
        return TlbFinding{kind, number, entry.page, entry.asid, what};
    };
    const Pte truth = truth_of(mm, entry.page);
    if (entry.mapping.ng && entry.asid == cpu.asid && entry.ttbr0 != cpu.ttbr0)
        return found(TlbFinding::Misused, "is used by another address space");
    if (!entry.mapping.ng)
        return found(TlbFinding::Misused, "is global");
    const bool read = permits(entry, cpu.dacr, AccessType::Read);
    const bool write = permits(entry, cpu.dacr, AccessType::Write);
    const bool execute = permits(entry, cpu.dacr, AccessType::Execute);
    if (read && !pte_user_readable(truth))
        return found(TlbFinding::BeyondTruth, "may be read, truth says no");
    if (write && !pte_user_writable(truth))
        return found(TlbFinding::BeyondTruth, "may be written, truth says no");
    if (execute && !pte_user_executable(truth))
        return found(TlbFinding::BeyondTruth, "may be executed, truth says no");
    if (read && entry.frame != truth.pfn().address().value())
        return found(TlbFinding::BeyondTruth, "leads to another frame than truth");
    return std::nullopt;
}

// Whether the entry was loaded from mm's tables. With `walked` the directory tells. With `softtlb` there are only each
// CPU's tables, so the ASID tells.
bool loaded_from(const MmContext& mm, const TlbEntry& entry) {
    if (mm.hardware_directory != nullptr)
        return entry.ttbr0 == virt_to_phys(mm.hardware_directory).value();
    return asid_is_current(mm) && entry.asid == mm.asid.value();
}

// Calls visit(entry) for each translation that a CPU may use: those in its TLB, and those that `softtlb` keeps for its
// miss handler, if this thread may read them.
template <class Visitor>
void for_each_translation(u32 number, Visitor&& visit) {
    const Cpu& cpu = Machine::get().cpu(number);
    cpu.tlb.for_each(visit);
    if (!may_look_into(number))
        return;
    for (u32 index = 0; index < tlb_config.entries; ++index) {
        const TlbSlot slot = tlb_slot(CpuId(static_cast<u8>(number)), index);
        if (slot.descriptor == 0)
            continue;
        const Mapping mapping = walk_detail::page(0, slot.descriptor, false).mapping;
        visit(TlbEntry{.page = slot.page.value(),
                       .asid = slot.asid.value(),
                       .mapping = mapping,
                       .frame = mapping.base,
                       .ttbr0 = cpu.ttbr0});
    }
}

} // namespace

std::vector<TlbFinding> find_tlb_against_truth(const MmContext& mm) {
    std::vector<TlbFinding> findings;
    const Machine& machine = Machine::get();
    for (u32 number = 0; number < machine.cpu_count(); ++number) {
        for_each_translation(number, [&](const TlbEntry& entry) {
            if (loaded_from(mm, entry))
                if (const auto what = finding(mm, number, entry))
                    findings.push_back(*what);
        });
    }
    return findings;
}

std::optional<Pfn> frame_in_tlb(u32 cpu, const MmContext& mm, UserAddr page) {
    std::optional<Pfn> frame;
    for_each_translation(cpu, [&](const TlbEntry& entry) {
        if (entry.page == page.value() && loaded_from(mm, entry))
            frame = Pfn::of(PhysAddr(entry.frame));
    });
    return frame;
}

std::vector<std::string> check_tlb_against_truth(const MmContext& mm) {
    std::vector<std::string> lines;
    for (const TlbFinding& finding : find_tlb_against_truth(mm)) {
        char line[128];
        std::snprintf(line, sizeof line, "CPU %u, page %08x, ASID %u: %s", finding.cpu, finding.page, finding.asid,
                      finding.what);
        lines.emplace_back(line);
    }
    return lines;
}

} // namespace faultline::model

namespace faultline {

// Also considers cached first-level descriptors, and the directories that CPUs walk.
bool tlb_can_reach(Pfn frame) {
    const model::Turn turn;
    const model::Machine& machine = model::Machine::get();
    bool found = false;
    const auto compare = [&](u32 physical) { found = found || Pfn::of(PhysAddr(physical)) == frame; };
    for (u32 number = 0; number < machine.cpu_count(); ++number) {
        const model::Cpu& cpu = machine.cpu(number);
        compare(cpu.ttbr0);
        compare(cpu.ttbr0 + PAGE_SIZE);
        model::for_each_translation(number, [&](const model::TlbEntry& entry) { compare(entry.frame); });
        cpu.tlb.for_each_walk([&](const model::WalkEntry& entry) { compare(entry.descriptor); });
    }
    return found;
}

} // namespace faultline
