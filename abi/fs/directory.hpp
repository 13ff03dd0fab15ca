// Directories: as open files (getdents(2)), and making them (mkdir(2)).
#pragma once

#include "abi/fs/inode.hpp"

namespace faultline {

extern const FileOps directory_file_ops;

// System calls.
Result<u32> sys_getdents64(s32 fd, UserAddr buffer, u32 bytes);
Result<u32> sys_mkdir(UserAddr path, u32 mode);
Result<u32> sys_mkdirat(s32 dirfd, UserAddr path, u32 mode);

} // namespace faultline
