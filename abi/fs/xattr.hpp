// Extended attributes of files (xattr(7)): names with values, on a tmpfs. As on Linux's tmpfs (before 6.6), those of
// `trusted.` and `security.` can be set. Here the kernel does not use any itself, so there are no access control lists
// (system.posix_acl_*) and no capabilities of files (security.capability). The kernel lock guards them: nothing sleeps
// while it uses them.
#pragma once

#include "abi/fs/inode.hpp"

namespace faultline {

void free_xattrs(Inode& inode); // of an inode that goes

// System calls (contract: abi/syscall/table.cpp). The names with `l` do not follow a last symbolic link, those with `f`
// take a descriptor. `value` has `size` bytes; a `size` of 0 asks only for the length. get…() and list…() return the
// length. `flags`: XATTR_CREATE, XATTR_REPLACE. OPNOTSUPP: the file system, or the kind of name; NODATA: there is no
// such attribute; EXIST: XATTR_CREATE, and there is; RANGE: an empty or overlong name, or too small a buffer; TOOBIG:
// more than 64 KiB; PERM: without CAP_SYS_ADMIN; ACCES, BADF, FAULT, INVAL, NOMEM, the errors of walk_path().
Result<u32> sys_setxattr(UserAddr path, UserAddr name, UserAddr value, u32 size, u32 flags);
Result<u32> sys_lsetxattr(UserAddr path, UserAddr name, UserAddr value, u32 size, u32 flags);
Result<u32> sys_fsetxattr(s32 fd, UserAddr name, UserAddr value, u32 size, u32 flags);
Result<u32> sys_getxattr(UserAddr path, UserAddr name, UserAddr value, u32 size);
Result<u32> sys_lgetxattr(UserAddr path, UserAddr name, UserAddr value, u32 size);
Result<u32> sys_fgetxattr(s32 fd, UserAddr name, UserAddr value, u32 size);
Result<u32> sys_listxattr(UserAddr path, UserAddr list, u32 size);
Result<u32> sys_llistxattr(UserAddr path, UserAddr list, u32 size);
Result<u32> sys_flistxattr(s32 fd, UserAddr list, u32 size);
Result<u32> sys_removexattr(UserAddr path, UserAddr name);
Result<u32> sys_lremovexattr(UserAddr path, UserAddr name);
Result<u32> sys_fremovexattr(s32 fd, UserAddr name);

} // namespace faultline
