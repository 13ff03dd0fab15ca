// The signal mask of a thread (sigprocmask(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// Sets current's signal mask. SIGKILL and SIGSTOP are left out of it. (Linux: the same name.)
void set_current_blocked(u64 blocked);

// Changes current's mask as sigprocmask(2) says: `how` adds the signals of `mask`, removes them, or sets them
// (SIG_SETMASK). SIG_SETMASK changes only signals in `all`, those that the caller's type of set can hold. INVAL:
// another `how`.
Result<void> sigprocmask(s32 how, u64 mask, u64 all);

// System calls; abi/syscall/table.cpp states the rules for all of them. INVAL: no such `how`, or sigset_bytes is not 8.
// FAULT.
Result<u32> sys_rt_sigprocmask(s32 how, UserAddr set, UserAddr old_set, u32 sigset_bytes);
Result<u32> sys_sigprocmask(s32 how, UserAddr set, UserAddr old_set);

} // namespace faultline
