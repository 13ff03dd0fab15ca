// Barriers on all CPUs at once (membarrier(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_membarrier(s32 command, u32 flags, s32 cpu);

} // namespace faultline
