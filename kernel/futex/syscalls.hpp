// The futex system calls, arguments as they stand in the registers. All for the current task, without locks.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// futex(2) with a 32-bit struct timespec, and with a 64-bit one (futex_time64). `utime` is a timeout for
// WAIT, WAIT_BITSET, LOCK_PI and LOCK_PI2, and val2, a plain number, for the others. Errors beside those of
// kernel/futex/operations.hpp: FAULT, INVAL (timeout: unreadable, negative, or a billion nanoseconds and
// more); NOSYS (unknown operation, or FUTEX_CLOCK_REALTIME where it has no meaning). WAIT_REQUEUE_PI and
// CMP_REQUEUE_PI are NOSYS.
Result<u32> sys_futex(UserAddr uaddr, u32 op, u32 val, UserAddr utime, UserAddr uaddr2, u32 val3);
Result<u32> sys_futex_time64(UserAddr uaddr, u32 op, u32 val, UserAddr utime, UserAddr uaddr2, u32 val3);

// set_robust_list(2): INVAL unless `length` is sizeof(RobustListHead). The address is not looked at until
// exit.
Result<u32> sys_set_robust_list(UserAddr head, u32 length);

// get_robust_list(2) of thread `pid`, 0 being the caller: SRCH, FAULT.
Result<u32> sys_get_robust_list(s32 pid, UserAddr head_pointer, UserAddr length_pointer);

} // namespace faultline
