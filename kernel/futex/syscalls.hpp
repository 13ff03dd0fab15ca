// The futex system calls, arguments as they stand in the registers. All for the current task, without locks.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// futex(2) with a 32-bit struct timespec, and with a 64-bit one (futex_time64). `utime` is a timeout for
// WAIT, WAIT_BITSET, LOCK_PI, LOCK_PI2 and WAIT_REQUEUE_PI, and val2, a plain number, for the others. Errors beside those of
// kernel/futex/operations.hpp: FAULT, INVAL (timeout: unreadable, negative, or a billion nanoseconds and
// more); NOSYS (unknown operation, or FUTEX_CLOCK_REALTIME where it has no meaning).
Result<u32> sys_futex(UserAddr uaddr, u32 op, u32 val, UserAddr utime, UserAddr uaddr2, u32 val3);
Result<u32> sys_futex_time64(UserAddr uaddr, u32 op, u32 val, UserAddr utime, UserAddr uaddr2, u32 val3);

// futex_waitv(2): waits until one of `count` (1 … 128) futexes is woken, each given by a struct futex_waitv;
// its index. AGAIN: one had another value; TIMEDOUT at `timeout`, a 64-bit moment of `clock` (null: never);
// RESTARTSYS; FAULT, INVAL, NOMEM.
Result<u32> sys_futex_waitv(UserAddr waiters, u32 count, u32 flags, UserAddr timeout, s32 clock);

// set_robust_list(2): INVAL unless `length` is sizeof(RobustListHead). The address is not looked at until
// exit.
Result<u32> sys_set_robust_list(UserAddr head, u32 length);

// get_robust_list(2) of thread `pid`, 0 being the caller: SRCH, FAULT.
Result<u32> sys_get_robust_list(s32 pid, UserAddr head_pointer, UserAddr length_pointer);

} // namespace faultline
