// Flags, locks and sizes of an open file (fcntl(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls (contract: abi/syscall/table.cpp). The result depends on `command` (fcntl(2)). BADF; INVAL: an unknown
// command; the errors of duplicate(), fcntl_lock() and set_pipe_size().
Result<u32> sys_fcntl64(s32 fd, u32 command, u32 argument);

} // namespace faultline
