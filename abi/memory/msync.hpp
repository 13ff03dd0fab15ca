// Writing mapped files back (msync(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_msync(UserAddr start, u32 length, u32 flags);

} // namespace faultline
