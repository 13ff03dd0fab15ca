// The system call that writes mapped files back (msync(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them.
// INVAL: bad flags, or `start` is not page-aligned. NOMEM: a page is not mapped. BUSY: MS_INVALIDATE on locked pages.
Result<u32> sys_msync(UserAddr start, u32 length, u32 flags);

} // namespace faultline
