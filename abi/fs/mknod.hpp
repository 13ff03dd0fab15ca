// Making files without opening them (mknod(2)).
#pragma once

#include "abi/fs/namei.hpp"
#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// Makes an inode of any type but a directory, under a new name. `rdev`: major << 8 | minor of a device. `link_target`:
// the text of a symbolic link, from kmalloc, which the inode owns if the call succeeds; nullptr for all other types.
// EXIST, NOENT, ACCES, PERM, NOMEM, and the errors of walk_path(). Takes tree_lock.
Result<u32> make_inode(s32 dirfd, PathName& name, u32 mode, u32 rdev, char* link_target);

// System calls (contract: abi/syscall/table.cpp). The errors of make_inode(). PERM: a directory, or a device without
// CAP_MKNOD; INVAL: any other type.
Result<u32> sys_mknod(UserAddr path, u32 mode, u32 device);
Result<u32> sys_mknodat(s32 dirfd, UserAddr path, u32 mode, u32 device);

} // namespace faultline
