// What a machine reports when an access fails: decoded once, by the machine, in words portable code can use.
#pragma once

#include "base/types.hpp"

namespace faultline {

// Names of the ARM fault status codes (ARM ARM B3.13.3), levels folded together.
enum class FaultKind : u8 { Translation, AccessFlag, Permission, Domain, Alignment, External, Debug, Other };

// Two words, aligned as one: so it is passed in two registers.
struct alignas(8) FaultInfo {
    // How the memory was accessed. The values are those of FAULT_FLAG_… (mm/fault_flags.hpp), which they become.
    enum Access : u32 {
        READ = 0,
        WRITE = 0x1,     // DFSR.WnR
        USER = 0x40,     // taken from user mode (else the kernel was at work, perhaps for a task)
        EXECUTE = 0x100, // a prefetch abort
        ACCESS_MASK = WRITE | USER | EXECUTE,
    };

    // `status`: the raw DFSR or IFSR, for messages.
    constexpr FaultInfo(u32 where, FaultKind kind, u32 access, u32 status = 0)
        : address(where), bits_(access | static_cast<u32>(kind) << KIND_SHIFT | status << STATUS_SHIFT) {}

    constexpr FaultKind kind() const { return static_cast<FaultKind>(bits_ >> KIND_SHIFT & 7); }
    constexpr u32 access() const { return bits_ & ACCESS_MASK; }
    constexpr bool write() const { return (bits_ & WRITE) != 0; }
    constexpr bool execute() const { return (bits_ & EXECUTE) != 0; }
    constexpr bool user_mode() const { return (bits_ & USER) != 0; }
    constexpr u32 status() const { return bits_ >> STATUS_SHIFT; }

    u32 address; // DFAR or IFAR; may be any 32-bit value

  private:
    static constexpr u32 KIND_SHIFT = 12, STATUS_SHIFT = 16;
    u32 bits_;
};

// The access as one number, for the trace (base/stations.def, ACCESS).
constexpr u32 access_bits(FaultInfo fault) {
    return (fault.write() ? 1u : 0u) | (fault.execute() ? 2u : 0u) | (fault.user_mode() ? 4u : 0u);
}

constexpr const char* fault_kind_name(FaultKind kind) {
    switch (kind) {
    case FaultKind::Translation:
        return "translation fault";
    case FaultKind::AccessFlag:
        return "access flag fault";
    case FaultKind::Permission:
        return "permission fault";
    case FaultKind::Domain:
        return "domain fault";
    case FaultKind::Alignment:
        return "alignment fault";
    case FaultKind::External:
        return "external abort";
    case FaultKind::Debug:
        return "debug event";
    case FaultKind::Other:
        break;
    }
    return "unknown fault";
}

} // namespace faultline
