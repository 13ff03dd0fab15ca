// What became of a child (wait4(2), waitid(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<s32> sys_wait4(s32 pid, UserAddr status, u32 options, UserAddr rusage);
Result<u32> sys_waitid(u32 which, s32 id, UserAddr info, u32 options, UserAddr rusage);

} // namespace faultline
