// struct rusage, for getrusage(2), wait4(2) and waitid(2).
#pragma once

#include "abi/task/thread_group.hpp"
#include "arch/contract/uaccess.hpp"

namespace faultline {

// FAULT. `time`: how use.cpu divides.
Result<void> put_rusage(UserAddr to, const ResourceUse& use, const CpuTime& time);

} // namespace faultline
