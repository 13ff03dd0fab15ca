// The system calls that take a pending signal without running its handler (sigtimedwait(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them. Return the signal's number. AGAIN: the timeout
// passed. INTR: a signal outside the set came. INVAL: sigset_bytes is not 8, or a bad timeout. FAULT.
Result<s32> sys_rt_sigtimedwait(UserAddr set, UserAddr info, UserAddr timeout, u32 sigset_bytes);
Result<s32> sys_rt_sigtimedwait_time64(UserAddr set, UserAddr info, UserAddr timeout, u32 sigset_bytes);

} // namespace faultline
