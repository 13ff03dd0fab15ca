// The system calls that tune the clock (adjtimex(2), clock_adjtime(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them. Return the state of the clock: 5 (TIME_ERROR)
// while nobody has said that it is synchronised, then 0. The clock always runs at its own rate: a frequency, tick or
// slewed offset other than the present one is OPNOTSUPP. PERM: to change anything needs CAP_SYS_TIME. INVAL, FAULT.
Result<u32> sys_adjtimex(UserAddr timex);
Result<u32> sys_clock_adjtime(s32 clock, UserAddr timex);   // 32-bit fields
Result<u32> sys_clock_adjtime64(s32 clock, UserAddr timex); // 64-bit fields

} // namespace faultline
