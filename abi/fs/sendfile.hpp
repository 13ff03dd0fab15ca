// From one file to another (sendfile(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_sendfile(s32 out_fd, s32 in_fd, UserAddr offset, u32 count);   // 32-bit offset
Result<u32> sys_sendfile64(s32 out_fd, s32 in_fd, UserAddr offset, u32 count); // 64-bit

} // namespace faultline
