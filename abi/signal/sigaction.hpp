// The system calls that set the action of a signal (sigaction(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them. INVAL: no such signal, an action for SIGKILL or
// SIGSTOP, or sigset_bytes is not 8. FAULT.
Result<u32> sys_rt_sigaction(s32 sig, UserAddr action, UserAddr old_action, u32 sigset_bytes);
Result<u32> sys_sigaction(s32 sig, UserAddr action, UserAddr old_action);

} // namespace faultline
