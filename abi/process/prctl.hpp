// What a thread or a process says about itself (prctl(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_prctl(s32 option, u32 argument2, u32 argument3, u32 argument4, u32 argument5);

} // namespace faultline
