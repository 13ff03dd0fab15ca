// Calls about the disk behind a file, of which there is none (fsync(2), sync(2), posix_fadvise(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_fsync(s32 fd); // and fdatasync
Result<u32> sys_sync();
Result<u32> sys_fadvise64_64(s32 fd, u32 advice, s64 offset, s64 length);

} // namespace faultline
