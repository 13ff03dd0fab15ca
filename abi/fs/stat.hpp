// The attributes of a file (stat(2), statx(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls (contract: abi/syscall/table.cpp). `flags`: AT_SYMLINK_NOFOLLOW, AT_NO_AUTOMOUNT and AT_EMPTY_PATH;
// others are INVAL. statx() always fills STATX_BASIC_STATS. BADF, FAULT, and the errors of walk_path().
Result<u32> sys_stat64(UserAddr path, UserAddr buffer);
Result<u32> sys_lstat64(UserAddr path, UserAddr buffer);
Result<u32> sys_fstat64(s32 fd, UserAddr buffer);
Result<u32> sys_fstatat64(s32 dirfd, UserAddr path, UserAddr buffer, u32 flags);
Result<u32> sys_statx(s32 dirfd, UserAddr path, u32 flags, u32 mask, UserAddr buffer);

} // namespace faultline
