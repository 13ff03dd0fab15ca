// The system calls that wait for a signal (sigsuspend(2), pause(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them. INVAL: sigset_bytes is not 8. FAULT. Otherwise
// RESTARTNOHAND: EINTR once a handler has run.
Result<u32> sys_rt_sigsuspend(UserAddr set, u32 sigset_bytes);
Result<u32> sys_sigsuspend(u32 unused1, u32 unused2, u32 mask);
Result<u32> sys_pause();

} // namespace faultline
