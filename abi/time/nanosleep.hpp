// Sleeping until a clock shows a time (clock_nanosleep(2), nanosleep(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_clock_nanosleep(s32 clock, u32 flags, UserAddr request, UserAddr remaining);
Result<u32> sys_clock_nanosleep_time64(s32 clock, u32 flags, UserAddr request, UserAddr remaining);
Result<u32> sys_nanosleep(UserAddr request, UserAddr remaining);

} // namespace faultline
