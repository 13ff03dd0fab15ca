// Flags, locks and sizes of an open file (fcntl(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_fcntl64(s32 fd, u32 command, u32 argument);

} // namespace faultline
