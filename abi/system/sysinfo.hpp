// Memory, load and tasks in one structure (sysinfo(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_sysinfo(UserAddr buffer);

} // namespace faultline
