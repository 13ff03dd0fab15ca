// What a failed system call leaves in r0.
#pragma once

#include "base/errno.hpp"
#include "base/types.hpp"

namespace faultline {

// −errno. A request to restart is noted, and looks like EINTR until do_signal() deals with it.
u32 syscall_error(Errno error);

} // namespace faultline
