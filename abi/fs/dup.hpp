// Another descriptor for the same file (dup(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// Gives the file of `fd` a second descriptor: the lowest free one from `lowest` on, which it returns. BADF, MFILE,
// NOMEM.
Result<u32> duplicate(s32 fd, u32 lowest, bool close_on_exec);

// System calls (contract: abi/syscall/table.cpp). Return the new descriptor. BADF, MFILE, NOMEM; INVAL: dup3() with
// equal descriptors or unknown flags; BUSY: another thread took `new_fd` meanwhile.
Result<u32> sys_dup(s32 fd);
Result<u32> sys_dup2(s32 old_fd, s32 new_fd);
Result<u32> sys_dup3(s32 old_fd, s32 new_fd, u32 flags);

} // namespace faultline
