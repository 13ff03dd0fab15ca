// The signals that a thread blocks (sigprocmask(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// current's mask. SIGKILL and SIGSTOP are never blocked.
void set_current_blocked(u64 blocked);

// The same as sigprocmask(2) has it: blocks or unblocks the signals of `mask`, or makes it the mask as far as `all` goes,
// the signals that the caller knows of. EINVAL: `how` is none of these.
Result<void> sigprocmask(s32 how, u64 mask, u64 all);

// System calls.
Result<u32> sys_rt_sigprocmask(s32 how, UserAddr set, UserAddr old_set, u32 sigset_bytes);
Result<u32> sys_sigprocmask(s32 how, UserAddr set, UserAddr old_set);

} // namespace faultline
