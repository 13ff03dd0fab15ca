// The system call that makes written instructions visible to execution (cacheflush, a call that only ARM has).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them.
// Flushes [start, end). INVAL: end < start, or flags are set. FAULT: not user memory, or not mapped.
Result<u32> sys_cacheflush(UserAddr start, UserAddr end, u32 flags);

} // namespace faultline
