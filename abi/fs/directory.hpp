// Directories: reading them as open files (getdents(2)), and making them (mkdir(2)).
#pragma once

#include "abi/fs/inode.hpp"

namespace faultline {

extern const FileOps directory_file_ops;
// The operations of an open directory. read(2) is ISDIR; the position is a cookie (Dentry::cookie).

// System calls (contract: abi/syscall/table.cpp). getdents64() returns the bytes written, at most a page, or 0 at the
// end. NOTDIR; NOENT: the directory was removed; INVAL: the buffer is too small for one entry. Of mkdir()'s `mode` the
// permission bits and S_ISVTX count. EXIST, NOENT, ACCES, PERM, NOMEM.
Result<u32> sys_getdents64(s32 fd, UserAddr buffer, u32 bytes);
Result<u32> sys_mkdir(UserAddr path, u32 mode);
Result<u32> sys_mkdirat(s32 dirfd, UserAddr path, u32 mode);

} // namespace faultline
