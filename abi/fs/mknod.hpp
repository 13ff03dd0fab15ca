// Making files that are not opened (mknod(2)).
#pragma once

#include "abi/fs/namei.hpp"
#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// Makes an inode of any type but a directory under a new name. `link_target`: from kmalloc, taken over if it succeeds;
// nullptr: not a symbolic link.
Result<u32> make_inode(s32 dirfd, PathName& name, u32 mode, u32 rdev, char* link_target);

// System calls.
Result<u32> sys_mknod(UserAddr path, u32 mode, u32 device);
Result<u32> sys_mknodat(s32 dirfd, UserAddr path, u32 mode, u32 device);

} // namespace faultline
