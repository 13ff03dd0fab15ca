// eventfd(2): a counter in a file. Writes add to it, reads take from it.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls (contract: abi/syscall/table.cpp). `flags`: EFD_CLOEXEC, EFD_NONBLOCK, EFD_SEMAPHORE. INVAL, MFILE,
// NOMEM.
Result<s32> sys_eventfd(u32 initial);
Result<s32> sys_eventfd2(u32 initial, u32 flags);

} // namespace faultline
