// Making written instructions visible (cacheflush, one of ARM's own calls).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_cacheflush(UserAddr start, UserAddr end, u32 flags);

} // namespace faultline
