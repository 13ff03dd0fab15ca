// struct rusage, for getrusage(2), wait4(2) and waitid(2).
#pragma once

#include "arch/contract/uaccess.hpp"
#include "kernel/proc/thread_group.hpp"

namespace faultline {

// FAULT. All CPU time is called user time: the kernel reads no clock on its way in and out.
Result<void> put_rusage(UserAddr to, const ResourceUse& use);

} // namespace faultline
