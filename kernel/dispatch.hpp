// What a failed system call leaves in r0.
#pragma once

#include "base/errno.hpp"
#include "base/types.hpp"

namespace faultline {

// How a call says that it failed.
constexpr u32 negative_errno(Errno error) { return static_cast<u32>(-static_cast<s32>(error)); }

// The same of any failure. A request to restart is noted, and looks like EINTR until do_signal() deals with it.
u32 syscall_error(Errno error);

} // namespace faultline
