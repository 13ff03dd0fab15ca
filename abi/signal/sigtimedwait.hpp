// Taking a signal instead of having it handled (sigtimedwait(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<s32> sys_rt_sigtimedwait(UserAddr set, UserAddr info, UserAddr timeout, u32 sigset_bytes);
Result<s32> sys_rt_sigtimedwait_time64(UserAddr set, UserAddr info, UserAddr timeout, u32 sigset_bytes);

} // namespace faultline
