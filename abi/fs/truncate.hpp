// Changing a file's size (truncate(2), fallocate(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_ftruncate(s32 fd, u32 length);
Result<u32> sys_ftruncate64(s32 fd, s64 length);
Result<u32> sys_truncate(UserAddr path, u32 length);
Result<u32> sys_truncate64(UserAddr path, s64 length);
Result<u32> sys_fallocate(s32 fd, u32 mode, s64 offset, s64 length);

} // namespace faultline
