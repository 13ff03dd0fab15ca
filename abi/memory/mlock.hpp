// The system calls that keep pages in memory (mlock(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them. Errors of do_mlock() and its relatives in
// mm/mmap.hpp.
Result<void> sys_mlock(UserAddr start, u32 length);
Result<void> sys_mlock2(UserAddr start, u32 length, u32 flags);
Result<void> sys_munlock(UserAddr start, u32 length);
Result<void> sys_mlockall(u32 flags);
u32 sys_munlockall();

} // namespace faultline
