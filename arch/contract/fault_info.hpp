// What a machine reports when an access fails: decoded once, by the machine, in words portable code can use.
#pragma once

#include "base/types.hpp"

namespace faultline {

// Names of the ARM fault status codes (ARM ARM B3.13.3), levels folded together.
enum class FaultKind : u8 { Translation, AccessFlag, Permission, Domain, Alignment, External, Debug, Other };

struct FaultInfo {
    u32 address = 0;                   // DFAR or IFAR; may be any 32-bit value
    FaultKind kind = FaultKind::Other; //
    bool write = false;                // DFSR.WnR
    bool execute = false;              // a prefetch abort
    bool user_mode = false;            // taken from user mode (else the kernel was at work, perhaps for a task)
    u32 status = 0;                    // raw DFSR or IFSR, for messages
    u32 pc = 0;                        // the instruction that faulted
};

// The access as one number, for the trace (base/stations.def, ACCESS).
constexpr u32 access_bits(const FaultInfo& fault) {
    return (fault.write ? 1u : 0u) | (fault.execute ? 2u : 0u) | (fault.user_mode ? 4u : 0u);
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
