// Sets of signals as programs pass them: 64 bits, and in the older calls the lower 32 of them.
#pragma once

#include "arch/contract/uaccess.hpp"
#include "base/result.hpp"

namespace faultline {

inline constexpr u32 SIGSET_BYTES = 8;

inline Result<u64> get_sigset(UserAddr set) {
    u64 mask = 0;
    TRY_VOID(copy_struct_from_user(&mask, set, sizeof mask));
    return mask;
}

inline Result<void> put_sigset(UserAddr set, u64 mask) { return copy_struct_to_user(set, &mask, sizeof mask); }

} // namespace faultline
