// Changing what a file's inode says (chmod(2), chown(2), utimensat(2)), and the mask for new ones (umask(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_chmod(UserAddr path, u32 mode);
Result<u32> sys_fchmod(s32 fd, u32 mode);
Result<u32> sys_fchmodat(s32 dirfd, UserAddr path, u32 mode);
Result<u32> sys_chown32(UserAddr path, u32 uid, u32 gid);
Result<u32> sys_lchown32(UserAddr path, u32 uid, u32 gid);
Result<u32> sys_fchown32(s32 fd, u32 uid, u32 gid);
Result<u32> sys_fchownat(s32 dirfd, UserAddr path, u32 uid, u32 gid, u32 flags);
Result<u32> sys_utimensat(s32 dirfd, UserAddr path, UserAddr times, u32 flags);        // two times of 32-bit seconds
Result<u32> sys_utimensat_time64(s32 dirfd, UserAddr path, UserAddr times, u32 flags); // of 64-bit seconds
Result<u32> sys_umask(u32 mask);

} // namespace faultline
