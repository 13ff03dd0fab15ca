// The system calls that sleep until a clock reaches a time (clock_nanosleep(2), nanosleep(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them. They run without the kernel lock. INVAL: no
// such clock, or a bad time. OPNOTSUPP: a clock on which nobody can sleep, such as CLOCK_THREAD_CPUTIME_ID. FAULT. A
// signal that runs a handler ends the sleep with INTR.
Result<u32> sys_clock_nanosleep(s32 clock, u32 flags, UserAddr request, UserAddr remaining);
Result<u32> sys_clock_nanosleep_time64(s32 clock, u32 flags, UserAddr request, UserAddr remaining);
Result<u32> sys_nanosleep(UserAddr request, UserAddr remaining);

} // namespace faultline
