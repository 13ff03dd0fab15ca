// Removing names (unlink(2), rmdir(2)).
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// unlink(2) for the kernel, on current's behalf. Errors as unlink(2).
Result<void> kernel_unlink(std::string_view path);

// System calls (contract: abi/syscall/table.cpp). `flags`: AT_REMOVEDIR; others are INVAL. unlink(): ISDIR. rmdir():
// NOTDIR, NOTEMPTY, BUSY (a mount point). Both: ACCES, PERM, NOENT, and the other errors of walk_path().
Result<u32> sys_unlink(UserAddr path);
Result<u32> sys_unlinkat(s32 dirfd, UserAddr path, u32 flags);
Result<u32> sys_rmdir(UserAddr path);

} // namespace faultline
