// The fault status registers, DFSR and IFSR, in the short-descriptor format (ARM ARM DDI 0406C B4.1.52,
// B4.1.96; codes in B3.13.3, table B3-23).
//
//   | 13: CM | 12: ExT | 11: WnR (DFSR) | 10: FS[4] | 9: LPAE, 0 | 7 … 4: domain (DFSR) | 3 … 0: FS[3:0] |
#pragma once

#include <array>

#include "arch/contract/fault_info.hpp"

namespace faultline::armv7 {

struct FaultStatus {
    FaultKind kind = FaultKind::Other;
    u8 level = 0;       // 1 or 2: the level of the table walk that faulted; 0: the code has no level
    bool write = false; // DFSR.WnR; always false from an IFSR
    u8 domain = 0;      // DFSR only; valid for domain faults and for second-level faults
    u8 code = 0;        // FS[4:0]
    constexpr bool operator==(const FaultStatus&) const = default;
};

// Decodes FS[4:0] into a kind and a level. PAR holds the same code after a failed translation operation (B4.1.112).
constexpr FaultStatus decode_fault_code(u32 code) {
    const auto is = [code](FaultKind kind, u8 level) {
        return FaultStatus{.kind = kind, .level = level, .code = static_cast<u8>(code)};
    };
    switch (code) {
    case 0b00001:
        return is(FaultKind::Alignment, 0);
    case 0b00010:
        return is(FaultKind::Debug, 0);
    case 0b00011:
        return is(FaultKind::AccessFlag, 1);
    case 0b00110:
        return is(FaultKind::AccessFlag, 2);
    case 0b00101:
        return is(FaultKind::Translation, 1);
    case 0b00111:
        return is(FaultKind::Translation, 2);
    case 0b01001:
        return is(FaultKind::Domain, 1);
    case 0b01011:
        return is(FaultKind::Domain, 2);
    case 0b01101:
        return is(FaultKind::Permission, 1);
    case 0b01111:
        return is(FaultKind::Permission, 2);
    case 0b01000: // synchronous external abort
    case 0b10110: // asynchronous external abort
    case 0b11001: // synchronous parity error
    case 0b11000: // asynchronous parity error
        return is(FaultKind::External, 0);
    case 0b01100: // external abort on a table walk
    case 0b11100: // parity error on a table walk
        return is(FaultKind::External, 1);
    case 0b01110:
    case 0b11110:
        return is(FaultKind::External, 2);
    default:
        return is(FaultKind::Other, 0); // cache maintenance, TLB conflict, implementation defined, reserved
    }
}

constexpr u32 fault_code(u32 fsr) { return ((fsr >> 6) & 0x10) | (fsr & 0xf); }

constexpr FaultStatus decode_ifsr(u32 ifsr) { return decode_fault_code(fault_code(ifsr)); }

constexpr FaultStatus decode_dfsr(u32 dfsr) {
    FaultStatus status = decode_fault_code(fault_code(dfsr));
    status.write = (dfsr & (1u << 11)) != 0;
    status.domain = static_cast<u8>((dfsr >> 4) & 0xf);
    return status;
}

// The kinds that decode_fault_code() finds, one for each code: an abort is on every fault's path.
inline constexpr auto FAULT_KINDS = [] {
    std::array<FaultKind, 32> kinds{};
    for (u32 code = 0; code < kinds.size(); ++code)
        kinds[code] = decode_fault_code(code).kind;
    return kinds;
}();

// What the machine reports to portable code, made from the registers that an abort has set.
constexpr FaultInfo data_abort(u32 dfsr, u32 dfar, bool user_mode) {
    const u32 write = dfsr >> 11 & 1; // WnR
    static_assert(FaultInfo::WRITE == 1);
    return {dfar, FAULT_KINDS[fault_code(dfsr)], write | (user_mode ? FaultInfo::USER : 0u), dfsr};
}

constexpr FaultInfo prefetch_abort(u32 ifsr, u32 ifar, bool user_mode) {
    return {ifar, FAULT_KINDS[fault_code(ifsr)], FaultInfo::EXECUTE | (user_mode ? FaultInfo::USER : 0u), ifsr};
}

} // namespace faultline::armv7
