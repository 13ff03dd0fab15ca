// Moving a name (rename(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_rename(UserAddr old_path, UserAddr new_path);
Result<u32> sys_renameat(s32 old_dirfd, UserAddr old_path, s32 new_dirfd, UserAddr new_path);
Result<u32> sys_renameat2(s32 old_dirfd, UserAddr old_path, s32 new_dirfd, UserAddr new_path, u32 flags);

} // namespace faultline
