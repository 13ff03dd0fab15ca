// Supplementary groups (getgroups(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_getgroups(s32 size, UserAddr list);
Result<u32> sys_setgroups(s32 size, UserAddr list);

} // namespace faultline
