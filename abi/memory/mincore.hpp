// Which pages are in memory (mincore(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_mincore(UserAddr start, u32 length, UserAddr vector);

} // namespace faultline
