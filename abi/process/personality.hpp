// The execution domain of a process (personality(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_personality(u32 persona);

} // namespace faultline
