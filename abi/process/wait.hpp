// The system calls that wait for children (wait4(2), waitid(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them. They sleep until a child matches. CHILD: no
// child can match. INVAL: unknown options, or a bad id. FAULT. A signal that runs a handler ends the call with INTR, or
// restarts it (SA_RESTART).
// The child's pid; 0: WNOHANG, and no child has an event. SRCH: pid is −2147483648.
Result<s32> sys_wait4(s32 pid, UserAddr status, u32 options, UserAddr rusage);
// 0; `info` tells which child it was. BADF: not a pidfd. AGAIN: a pidfd with O_NONBLOCK, and no event.
Result<u32> sys_waitid(u32 which, s32 id, UserAddr info, u32 options, UserAddr rusage);

} // namespace faultline
