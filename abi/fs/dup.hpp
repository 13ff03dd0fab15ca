// Another descriptor for the same file (dup(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// The lowest free descriptor from `lowest` on, for the file of `fd`. BADF, MFILE, NOMEM.
Result<u32> duplicate(s32 fd, u32 lowest, bool close_on_exec);

// System calls.
Result<u32> sys_dup(s32 fd);
Result<u32> sys_dup2(s32 old_fd, s32 new_fd);
Result<u32> sys_dup3(s32 old_fd, s32 new_fd, u32 flags);

} // namespace faultline
