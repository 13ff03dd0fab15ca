// The model's walker against a CPU's own: random descriptors, and what the four address translation
// operations (ARM DDI 0406C B3.18.6) report in PAR for them. Freestanding; the driver that has the CPU is
// tests/contract/kernel/differential.cpp.
#pragma once

#include "arch/model/walker.hpp"

namespace faultline::differential {

struct Result {
    u32 compared = 0;   // translations asked of both
    u32 faults = 0;     // of these, by the model: faults
    u32 deviations = 0; // where the CPU differs in a way listed at `is_known_deviation`
    u32 mismatches = 0; // where it differs otherwise
};

// Compares `rounds` random sets of tables, domains and SCTLR.AFE, 64 addresses each under all four
// operations. Replaces this CPU's TTBR0 meanwhile and puts everything back. Needs two pages and a hardware
// directory; panics without. Called in the kernel, on any task, from no interrupt.
Result compare_walkers(u32 seed, u32 rounds);

// The same; how many mismatches, the first ten of which are printed.
u32 run_walker_differential(u32 seed, u32 rounds);

// Marsaglia's 32-bit xorshift: enough for descriptors, and the same everywhere.
class Random {
  public:
    explicit Random(u32 seed) : state_(seed | 1) {}
    u32 next() {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 17;
        state_ ^= state_ << 5;
        return state_;
    }
    u32 below(u32 n) { return static_cast<u32>((u64{next()} * n) >> 32); }

  private:
    u32 state_;
};

// Makes AP = 0b100, whose meaning the manual leaves open, 0b000. `low` is AP[0]'s bit, `high` is AP[2]'s.
inline u32 without_reserved_permission(u32 descriptor, u32 high, u32 low) {
    const bool reserved = (descriptor >> high & 1) != 0 && (descriptor >> low & 3) == 0;
    return reserved ? descriptor & ~(1u << high) : descriptor;
}

// One in two names the second-level table at `table`; else any word but a supersection, or a table where
// there may be no memory: the operation would abort.
inline u32 random_first_level(Random& random, u32 table) {
    const u32 word = random.next();
    if (random.below(2) == 0)
        return table | (word & 0x1ec) | 1; // domain, NS, PXN
    return without_reserved_permission(word & ~((word & 3) == 1 ? 1u : 1u << 18), 15, 10);
}

// Any word: large and small pages, and one in four invalid.
inline u32 random_second_level(Random& random) { return without_reserved_permission(random.next(), 9, 4); }

// What a translation comes to, as PAR says it in the short-descriptor format (B4.1.112).
struct Answer {
    bool faulted = false;
    u32 code = 0; // FS[4:0]
    u32 page = 0; // physical address, if not faulted
    constexpr bool operator==(const Answer&) const = default;
};

constexpr Answer answer_of_par(u32 par) {
    if ((par & 1) != 0)
        return {.faulted = true, .code = par >> 1 & 0x1f, .page = 0};
    return {.faulted = false, .code = 0, .page = par & 0xffff'f000};
}

template <class Read>
constexpr Answer answer_of_model(const model::WalkRegisters& registers, u32 address, model::Access access,
                                 Read&& read) {
    const model::WalkResult walked = model::walk(registers, address, read);
    if (!walked.ok)
        return {.faulted = true, .code = model::fault_status_code(walked.fault), .page = 0};
    const model::Verdict verdict = model::check(walked.mapping, registers.dacr, access);
    if (!verdict.ok)
        return {.faulted = true, .code = model::fault_status_code(verdict.fault), .page = 0};
    const u32 physical = walked.mapping.base + (address & (walked.mapping.size - 1));
    return {.faulted = false, .code = 0, .page = physical & 0xffff'f000};
}

// Where QEMU (target/arm/ptw.c, get_phys_addr_v6, as of 7.2) takes the checks in another order than the
// manual's pseudocode. `domain_access`: what DACR says of the first-level descriptor's domain.
//  - No access: a domain fault where the manual, which looks at the second-level descriptor and at the access
//    flag first, has a translation or an access flag fault. Either way the access faults.
//  - Manager: the access flag is not looked at; no fault where the manual has an access flag fault.
constexpr bool is_known_deviation(Answer manual, Answer cpu, u32 domain_access) {
    constexpr u32 ACCESS_FLAG_1 = 0x03, ACCESS_FLAG_2 = 0x06, TRANSLATION_2 = 0x07, DOMAIN_1 = 0x09, DOMAIN_2 = 0x0b;
    if (!manual.faulted)
        return false;
    const bool access_flag = manual.code == ACCESS_FLAG_1 || manual.code == ACCESS_FLAG_2;
    switch (domain_access) {
    case 0b00:
    case 0b10: // reserved
        return cpu.faulted && ((cpu.code == DOMAIN_1 && manual.code == ACCESS_FLAG_1) ||
                               (cpu.code == DOMAIN_2 && (manual.code == TRANSLATION_2 || access_flag)));
    case 0b11:
        return access_flag && !cpu.faulted;
    default:
        return false;
    }
}

} // namespace faultline::differential
