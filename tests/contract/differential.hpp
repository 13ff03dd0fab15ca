// Compares the model's walker with a CPU's own, on random descriptors: with what the four address translation
// operations (ARM DDI 0406C B3.18.6) report in PAR for them. Freestanding; tests/contract/kernel/differential.cpp has
// the CPU and drives it.
#pragma once

#include "arch/model/walker.hpp"

namespace faultline::differential {

struct Result {
    u32 compared = 0;   // translations made by both
    u32 faults = 0;     // of these, faults according to the model
    u32 deviations = 0; // where the CPU differs in a way that `is_known_deviation` lists
    u32 mismatches = 0; // where it differs in another way
};

// Compares `rounds` random sets of tables, domains and SCTLR.AFE, with 64 addresses each under all four operations.
// Replaces this CPU's TTBR0 meanwhile, and restores everything. Needs memory for two hardware directories; panics
// without. Called in the kernel, from any task, not from an interrupt.
Result compare_walkers(u32 seed, u32 rounds);

// The same. Prints the first ten mismatches, and returns how many there were.
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

// Replaces AP = 0b100, whose meaning the manual leaves open, by 0b000. `low` is the bit of AP[0], `high` that of AP[2].
inline u32 without_reserved_permission(u32 descriptor, u32 high, u32 low) {
    const bool reserved = (descriptor >> high & 1) != 0 && (descriptor >> low & 3) == 0;
    return reserved ? descriptor & ~(1u << high) : descriptor;
}

// Every second word names the second-level table at `table`. The others are any words, except supersections and tables
// where there may be no memory: there the operation would abort.
inline u32 random_first_level(Random& random, u32 table) {
    const u32 word = random.next();
    if (random.below(2) == 0)
        return table | (word & 0x1ec) | 1; // domain, NS, PXN
    return without_reserved_permission(word & ~((word & 3) == 1 ? 1u : 1u << 18), 15, 10);
}

// Any word: large and small pages, and one in four is invalid.
inline u32 random_second_level(Random& random) { return without_reserved_permission(random.next(), 9, 4); }

// The result of a translation, as PAR reports it in the short-descriptor format (B4.1.112).
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

// Cases in which QEMU (target/arm/ptw.c, get_phys_addr_v6, as of 7.2) makes the checks in another order than the
// manual's pseudocode. `domain_access`: the access that DACR gives to the first-level descriptor's domain.
//  - No access: QEMU reports a domain fault. The manual checks the second-level descriptor and the access flag first,
//    and reports a translation or an access flag fault. Either way the access faults.
//  - Manager: QEMU does not check the access flag, so it reports no fault where the manual has an access flag fault.
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
