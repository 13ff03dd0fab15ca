// Reads and writes the 64-bit signal sets of programs. The older system calls pass the lower 32 bits only.
#pragma once

#include "arch/contract/uaccess.hpp"
#include "base/result.hpp"

namespace faultline {

inline constexpr u32 SIGSET_BYTES = 8;

// FAULT.
inline Result<u64> get_sigset(UserAddr set) {
    u64 mask = 0;
    TRY_VOID(copy_struct_from_user(&mask, set, sizeof mask));
    return mask;
}

// FAULT.
inline Result<void> put_sigset(UserAddr set, u64 mask) { return copy_struct_to_user(set, &mask, sizeof mask); }

} // namespace faultline
