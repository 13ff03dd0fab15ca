// The futex system calls, with their arguments as they stand in the registers. They act for the current task, which
// holds no lock.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

// futex(2) with a 32-bit struct timespec, and with a 64-bit one (futex_time64). `utime` points to the timeout for WAIT,
// WAIT_BITSET, LOCK_PI, LOCK_PI2 and WAIT_REQUEUE_PI; for the others it is val2, a plain number. Errors besides those
// of kernel/futex/operations.hpp: FAULT: the timeout cannot be read. INVAL: it is negative, or has a billion
// nanoseconds or more. NOSYS: an unknown operation, or FUTEX_CLOCK_REALTIME where it has no meaning.
Result<u32> sys_futex(UserAddr uaddr, u32 op, u32 val, UserAddr utime, UserAddr uaddr2, u32 val3);
Result<u32> sys_futex_time64(UserAddr uaddr, u32 op, u32 val, UserAddr utime, UserAddr uaddr2, u32 val3);

// futex_waitv(2): waits until one of `count` (1 … 128) futexes is woken. `waiters` points to as many struct
// futex_waitv. Returns the index of the one that was woken. `timeout` points to a 64-bit struct timespec, a moment of
// `clock`; null: never. AGAIN: a word has another value. TIMEDOUT: the moment has passed. RESTARTSYS: a signal. FAULT,
// INVAL, NOMEM.
Result<u32> sys_futex_waitv(UserAddr waiters, u32 count, u32 flags, UserAddr timeout, s32 clock);

// set_robust_list(2). INVAL unless `length` is sizeof(RobustListHead). The address is not used before futex_exit().
Result<u32> sys_set_robust_list(UserAddr head, u32 length);

// get_robust_list(2) of thread `pid`; 0 is the caller. SRCH: there is no such thread. PERM: current may not read its
// state. FAULT: a pointer cannot be written to.
Result<u32> sys_get_robust_list(s32 pid, UserAddr head_pointer, UserAddr length_pointer);

} // namespace faultline
