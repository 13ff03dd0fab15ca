// Hard links and symbolic links (link(2), symlink(2), readlink(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls (contract: abi/syscall/table.cpp). readlink() returns the length of the text, cut to `size` bytes and
// without a NUL. EXIST, NOENT, ACCES, NOMEM; XDEV: another mount; PERM: link() to a directory; INVAL: readlink() of a
// file that is not a symbolic link.
Result<u32> sys_link(UserAddr old_path, UserAddr new_path);
Result<u32> sys_linkat(s32 old_dirfd, UserAddr old_path, s32 new_dirfd, UserAddr new_path, u32 flags);
Result<u32> sys_symlink(UserAddr target, UserAddr path);
Result<u32> sys_symlinkat(UserAddr target, s32 dirfd, UserAddr path);
Result<u32> sys_readlink(UserAddr path, UserAddr buffer, u32 size);
Result<u32> sys_readlinkat(s32 dirfd, UserAddr path, UserAddr buffer, u32 size);

} // namespace faultline
