// What a kind of file can do beside reading and writing (ioctl(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_ioctl(s32 fd, u32 request, u32 argument);

} // namespace faultline
