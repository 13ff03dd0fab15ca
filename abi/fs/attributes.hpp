// Changing a file's mode, owner and times (chmod(2), chown(2), utimensat(2)), and the mask for new files (umask(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls (contract: abi/syscall/table.cpp). Of `mode` the low 12 bits count. An id of -1 leaves that id
// unchanged. PERM: current neither owns the file nor has the capability (CAP_FOWNER, CAP_CHOWN).
Result<u32> sys_chmod(UserAddr path, u32 mode);
Result<u32> sys_fchmod(s32 fd, u32 mode);
Result<u32> sys_fchmodat(s32 dirfd, UserAddr path, u32 mode);
Result<u32> sys_chown32(UserAddr path, u32 uid, u32 gid);
Result<u32> sys_lchown32(UserAddr path, u32 uid, u32 gid);
Result<u32> sys_fchown32(s32 fd, u32 uid, u32 gid);
Result<u32> sys_fchownat(s32 dirfd, UserAddr path, u32 uid, u32 gid, u32 flags);
// `times`: two timestamps, or null for the current time. The first call has 32-bit fields, the second 64-bit ones.
Result<u32> sys_utimensat(s32 dirfd, UserAddr path, UserAddr times, u32 flags);
Result<u32> sys_utimensat_time64(s32 dirfd, UserAddr path, UserAddr times, u32 flags);
Result<u32> sys_umask(u32 mask); // returns the old mask

} // namespace faultline
