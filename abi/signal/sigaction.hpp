// What is done about a signal (sigaction(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_rt_sigaction(s32 sig, UserAddr action, UserAddr old_action, u32 sigset_bytes);
Result<u32> sys_sigaction(s32 sig, UserAddr action, UserAddr old_action);

} // namespace faultline
