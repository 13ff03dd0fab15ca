// Waiting for any signal that is handled (sigsuspend(2), pause(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls.
Result<u32> sys_rt_sigsuspend(UserAddr set, u32 sigset_bytes);
Result<u32> sys_sigsuspend(u32 unused1, u32 unused2, u32 mask);
Result<u32> sys_pause();

} // namespace faultline
