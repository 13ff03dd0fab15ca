// The kernel's side of the walker comparison: fills private tables, asks the CPU, and restores everything.
#include "tests/contract/differential.hpp"

#include <arch/translation.hpp>

#include <initializer_list>

#include "arch/armv7/registers.hpp"
#include "arch/contract/machine.hpp"
#include "arch/contract/memory.hpp"
#include "arch/contract/page_supply.hpp"
#include "base/assert.hpp"
#include "base/irq_guard.hpp"
#include "kernel/debug/printk.hpp"

namespace faultline::differential {

namespace {

constexpr u32 DIRECTORY_ENTRIES = 2048; // TTBCR.N = 1
constexpr u32 TABLES = 8;               // second-level tables; together they are as large
constexpr u32 TABLE_ENTRIES = 256;
constexpr u32 ADDRESSES = 64;    // per round
constexpr u32 MAX_REPORTED = 10; // mismatches printed

#define READ_CP15(crn, opc1, crm, opc2)                                                                                \
    ({                                                                                                                 \
        u32 value_;                                                                                                    \
        asm volatile("mrc p15, " #opc1 ", %0, " #crn ", " #crm ", " #opc2 : "=r"(value_)::"memory");                   \
        value_;                                                                                                        \
    })
#define WRITE_CP15(crn, opc1, crm, opc2, value)                                                                        \
    asm volatile("mcr p15, " #opc1 ", %0, " #crn ", " #crm ", " #opc2 "\n\tisb" ::"r"(value) : "memory")

// The registers that the comparison changes; their old values come back at the end of the scope.
class SavedRegisters {
  public:
    SavedRegisters()
        : sctlr_(READ_CP15(c1, 0, c0, 0)), ttbr0_(READ_CP15(c2, 0, c0, 0)), dacr_(READ_CP15(c3, 0, c0, 0)) {}
    ~SavedRegisters() {
        WRITE_CP15(c2, 0, c0, 0, ttbr0_);
        WRITE_CP15(c1, 0, c0, 0, sctlr_);
        WRITE_CP15(c3, 0, c0, 0, dacr_);
        machine::tlb_invalidate_all();
    }
    SavedRegisters(const SavedRegisters&) = delete;
    SavedRegisters& operator=(const SavedRegisters&) = delete;

    u32 sctlr() const { return sctlr_; }
    u32 ttbr0_attributes() const { return ttbr0_ & 0x1fff; }
    u32 kernel_domain() const { return dacr_ & 3; }

  private:
    u32 sctlr_, ttbr0_, dacr_;
};

// What PAR holds after one of ATS1CPR, ATS1CPW, ATS1CUR, ATS1CUW (B4.2.4).
u32 translate(u32 address, model::Access access) {
    const bool write = access.type == model::AccessType::Write;
    if (access.privileged && !write)
        WRITE_CP15(c7, 0, c8, 0, address);
    else if (access.privileged)
        WRITE_CP15(c7, 0, c8, 1, address);
    else if (!write)
        WRITE_CP15(c7, 0, c8, 2, address);
    else
        WRITE_CP15(c7, 0, c8, 3, address);
    return READ_CP15(c7, 0, c4, 0);
}

model::PhysicalWord read_ram(u32 physical) {
    if (physical - ram_start().value() >= ram_bytes())
        return {};
    return {.ok = true, .value = *static_cast<const u32*>(phys_to_virt(PhysAddr(physical)))};
}

class Comparison {
  public:
    Comparison(u32 seed, u32* directory, u32* tables) : random_(seed), directory_(directory), tables_(tables) {}

    void round() {
        fill();
        const IrqGuard no_interrupts;
        const SavedRegisters saved;
        const bool afe = random_.below(2) != 0;
        // The kernel's domain, 0, keeps its access. AFE changes nothing for AP values with bit 0 set, like the
        // kernel's.
        const u32 dacr = ((random_.next() | (random_.next() & 0x5555'5555)) & ~3u) | saved.kernel_domain();
        WRITE_CP15(c3, 0, c0, 0, dacr);
        WRITE_CP15(c1, 0, c0, 0, (saved.sctlr() & ~armv7::SCTLR_AFE) | (afe ? armv7::SCTLR_AFE : 0));
        WRITE_CP15(c2, 0, c0, 0, virt_to_phys(directory_).value() | saved.ttbr0_attributes());
        machine::tlb_invalidate_all();
        const model::WalkRegisters registers{.ttbr0 = virt_to_phys(directory_).value(),
                                             .ttbr1 = 0,
                                             .ttbcr = READ_CP15(c2, 0, c0, 2),
                                             .dacr = dacr,
                                             .afe = afe};
        for (u32 i = 0; i < ADDRESSES; ++i)
            compare(registers, random_.next() & 0x7fff'ffff);
    }

    Result result;

  private:
    void fill() {
        for (u32 i = 0; i < DIRECTORY_ENTRIES; ++i) {
            const u32 table = virt_to_phys(tables_ + TABLE_ENTRIES * random_.below(TABLES)).value();
            directory_[i] = random_first_level(random_, table);
        }
        for (u32 i = 0; i < TABLES * TABLE_ENTRIES; ++i)
            tables_[i] = random_second_level(random_);
        asm volatile("dsb" ::: "memory");
    }

    void compare(const model::WalkRegisters& registers, u32 address) {
        const u32 domain = directory_[address >> 20] >> 5 & 0xf;
        const u32 domain_access = registers.dacr >> (2 * domain) & 3;
        for (const bool privileged : {true, false}) {
            for (const auto type : {model::AccessType::Read, model::AccessType::Write}) {
                const model::Access access{.type = type, .privileged = privileged};
                const Answer manual = answer_of_model(registers, address, access, read_ram);
                const Answer cpu = answer_of_par(translate(address, access));
                ++result.compared;
                result.faults += manual.faulted ? 1 : 0;
                if (manual == cpu)
                    continue;
                if (is_known_deviation(manual, cpu, domain_access)) {
                    ++result.deviations;
                    continue;
                }
                if (++result.mismatches > MAX_REPORTED)
                    continue;
                printk(KERN_ERR, "walker differs at %#x, first level %#x, DACR %#x, AFE %u, %s %s: model %#x, CPU %#x",
                       static_cast<unsigned>(address), static_cast<unsigned>(directory_[address >> 20]),
                       static_cast<unsigned>(registers.dacr), registers.afe ? 1u : 0u,
                       privileged ? "privileged" : "user", type == model::AccessType::Write ? "write" : "read",
                       static_cast<unsigned>(manual.faulted ? manual.code : manual.page),
                       static_cast<unsigned>(cpu.faulted ? cpu.code : cpu.page));
            }
        }
    }

    Random random_;
    u32* directory_;
    u32* tables_;
};

} // namespace

Result compare_walkers(u32 seed, u32 rounds) {
    auto* directory = static_cast<u32*>(alloc_hardware_directory());
    auto* tables = static_cast<u32*>(alloc_hardware_directory()); // it has the right size
    BUG_ON(directory == nullptr || tables == nullptr);
    Comparison comparison(seed, directory, tables);
    for (u32 i = 0; i < rounds; ++i)
        comparison.round();
    free_hardware_directory(tables);
    free_hardware_directory(directory);
    return comparison.result;
}

u32 run_walker_differential(u32 seed, u32 rounds) { return compare_walkers(seed, rounds).mismatches; }

} // namespace faultline::differential
