// Descriptors from which a thread reads its signals (signalfd(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

void init_signalfd(); // at boot, before the first signal

// System calls (contract: abi/syscall/table.cpp). `fd` -1 makes a new descriptor; any other `fd` gets a new mask.
// `mask`: `mask_bytes` must be 8. Return the descriptor. `flags`: SFD_CLOEXEC, SFD_NONBLOCK. INVAL, BADF, MFILE, NOMEM,
// FAULT.
Result<s32> sys_signalfd(s32 fd, UserAddr mask, u32 mask_bytes);
Result<s32> sys_signalfd4(s32 fd, UserAddr mask, u32 mask_bytes, u32 flags);

} // namespace faultline
