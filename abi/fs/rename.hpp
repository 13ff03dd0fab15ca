// Moving a name (rename(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls (contract: abi/syscall/table.cpp). `flags`: RENAME_NOREPLACE. INVAL: other flags, or a directory into
// itself; EXIST: RENAME_NOREPLACE, and the new name is taken; XDEV: another mount; BUSY: a mount point, "." or "..";
// ISDIR, NOTDIR, NOTEMPTY, NOENT, ACCES, PERM, NOMEM.
Result<u32> sys_rename(UserAddr old_path, UserAddr new_path);
Result<u32> sys_renameat(s32 old_dirfd, UserAddr old_path, s32 new_dirfd, UserAddr new_path);
Result<u32> sys_renameat2(s32 old_dirfd, UserAddr old_path, s32 new_dirfd, UserAddr new_path, u32 flags);

} // namespace faultline
