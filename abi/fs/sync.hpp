// Flushing files to disk, and advice about reading them (fsync(2), sync(2), posix_fadvise(2)). There is no disk, so
// these calls change nothing.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls (contract: abi/syscall/table.cpp). fsync(): BADF; INVAL: neither a regular file nor a directory.
Result<u32> sys_fsync(s32 fd); // also fdatasync
Result<u32> sys_sync();
Result<u32> sys_fadvise64_64(s32 fd, u32 advice, s64 offset, s64 length);

} // namespace faultline
