// Nice values (getpriority(2), nice(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_getpriority(s32 which, s32 who);
Result<u32> sys_setpriority(s32 which, s32 who, s32 nice);
Result<u32> sys_nice(s32 increment);

} // namespace faultline
