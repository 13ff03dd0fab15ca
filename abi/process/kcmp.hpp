// Whether two processes share something (kcmp(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_kcmp(s32 pid1, s32 pid2, u32 type, u32 index1, u32 index2);

} // namespace faultline
