// The value of r0 after a failed system call.
#pragma once

#include "base/errno.hpp"
#include "base/types.hpp"

namespace faultline {

// The value that reports an error to the program.
constexpr u32 negative_errno(Errno error) { return static_cast<u32>(-static_cast<s32>(error)); }

// The same for every error. A restart error (RESTARTSYS and its kind) is noted in current and becomes EINTR;
// do_signal() then decides whether the call is restarted.
u32 syscall_error(Errno error);

} // namespace faultline
