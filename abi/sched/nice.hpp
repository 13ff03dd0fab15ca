// The system calls about nice values (getpriority(2), nice(2)).
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// System calls; abi/syscall/table.cpp states the rules for all of them. A nice value outside −20 … 19 is clamped.
Result<u32> sys_getpriority(s32 which, s32 who);           // 20 − nice. INVAL: no such `which`. SRCH
Result<u32> sys_setpriority(s32 which, s32 who, s32 nice); // also PERM and ACCES (setpriority(2))
Result<u32> sys_nice(s32 increment);                       // PERM: less nice than the caller may be

} // namespace faultline
