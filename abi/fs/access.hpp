// Checking what the caller may do with a file (access(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls (contract: abi/syscall/table.cpp). `mode`: the bits R_OK, W_OK and X_OK; 0 asks whether the file exists.
// The check is for the real user and group id; with AT_EACCESS it is for the effective ones. ACCES; INVAL: unknown bits
// in `mode` or `flags`; the errors of walk_path().
Result<u32> sys_access(UserAddr path, u32 mode);
Result<u32> sys_faccessat(s32 dirfd, UserAddr path, u32 mode);
Result<u32> sys_faccessat2(s32 dirfd, UserAddr path, u32 mode, u32 flags);

} // namespace faultline
