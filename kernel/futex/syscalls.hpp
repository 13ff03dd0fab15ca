// The futex system calls, with their arguments as they stand in the registers. They act for the current task, which
// holds no lock. The two that have many commands are inline, so that each command takes its arguments from the registers of the
// program. (Linux 6.1 kernel/futex/syscalls.c.)
#pragma once

#include "kernel/futex/operations.hpp"
#include "kernel/futex/wake.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

inline FutexScope futex_scope(u32 op) {
    return (op & FUTEX_PRIVATE_FLAG) != 0 ? FutexScope::Private : FutexScope::Shared;
}

inline bool futex_cmd_has_timeout(u32 command) {
    return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET || command == FUTEX_LOCK_PI ||
           command == FUTEX_LOCK_PI2 || command == FUTEX_WAIT_REQUEUE_PI;
}

inline bool futex_cmd_has_clock(u32 command) {
    return command == FUTEX_WAIT_BITSET || command == FUTEX_WAIT_REQUEUE_PI || command == FUTEX_LOCK_PI2;
}

// FUTEX_WAIT gives a time from now. All other commands give a moment; that of FUTEX_LOCK_PI is always one of
// CLOCK_REALTIME.
Deadline futex_deadline(u32 command, bool realtime, u64 time_ns);

template <Result<u64> (*GetTimespec)(UserAddr)>
[[gnu::always_inline]] inline CountResult do_futex(UserAddr uaddr, u32 op, u32 val, UserAddr utime, UserAddr uaddr2,
                                                   u32 val3) {
    const u32 command = op & static_cast<u32>(FUTEX_CMD_MASK);
    const bool realtime = (op & FUTEX_CLOCK_REALTIME) != 0;
    const FutexScope scope = futex_scope(op);
    const s32 count = static_cast<s32>(val), count2 = static_cast<s32>(utime.value());
    Deadline deadline;
    if (utime.value() != 0 && futex_cmd_has_timeout(command))
        deadline = futex_deadline(command, realtime, TRY(GetTimespec(utime)));
    if (realtime && !futex_cmd_has_clock(command))
        return Err(Errno::NOSYS);
    switch (command) {
    case FUTEX_WAKE:
        return futex_wake(uaddr, scope, count, FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAIT:
        return futex_wait(uaddr, scope, val, deadline, FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAIT_BITSET:
        return futex_wait(uaddr, scope, val, deadline, val3);
    case FUTEX_WAKE_BITSET:
        return futex_wake(uaddr, scope, count, val3);
    case FUTEX_REQUEUE:
        return futex_requeue(uaddr, scope, uaddr2, count, count2, nullptr);
    case FUTEX_CMP_REQUEUE:
        return futex_requeue(uaddr, scope, uaddr2, count, count2, &val3);
    case FUTEX_WAKE_OP:
        return futex_wake_op(uaddr, scope, uaddr2, count, count2, val3);
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
        return futex_lock_pi(uaddr, scope, deadline, /*trylock=*/false);
    case FUTEX_TRYLOCK_PI:
        return futex_lock_pi(uaddr, scope, NO_DEADLINE, /*trylock=*/true);
    case FUTEX_UNLOCK_PI:
        return futex_unlock_pi(uaddr, scope);
    case FUTEX_WAIT_REQUEUE_PI:
        return futex_wait_requeue_pi(uaddr, scope, val, deadline, uaddr2);
    case FUTEX_CMP_REQUEUE_PI:
        return futex_cmp_requeue_pi(uaddr, scope, uaddr2, count, count2, val3);
    default:
        return Err(Errno::NOSYS);
    }
}

// futex(2) with a 32-bit struct timespec, and with a 64-bit one (futex_time64). `utime` points to the timeout for WAIT,
// WAIT_BITSET, LOCK_PI, LOCK_PI2 and WAIT_REQUEUE_PI; for the others it is val2, a plain number. Errors besides those
// of kernel/futex/operations.hpp: FAULT: the timeout cannot be read. INVAL: it is negative, or has a billion
// nanoseconds or more. NOSYS: an unknown operation, or FUTEX_CLOCK_REALTIME where it has no meaning.
[[gnu::always_inline]] inline CountResult sys_futex(UserAddr uaddr, u32 op, u32 val, UserAddr utime, UserAddr uaddr2,
                                                    u32 val3) {
    if ((op & ~u32{FUTEX_PRIVATE_FLAG}) == FUTEX_WAKE) // because no other is called so often and needs so little
        return wake_if_waiters(uaddr, futex_scope(op), static_cast<s32>(val), FUTEX_BITSET_MATCH_ANY);
    return do_futex<get_timespec32>(uaddr, op, val, utime, uaddr2, val3);
}
inline CountResult sys_futex_time64(UserAddr uaddr, u32 op, u32 val, UserAddr utime, UserAddr uaddr2, u32 val3) {
    return do_futex<get_timespec64>(uaddr, op, val, utime, uaddr2, val3);
}

// futex_waitv(2): waits until one of `count` (1 … 128) futexes is woken. `waiters` points to as many struct
// futex_waitv. Returns the index of the one that was woken. `timeout` points to a 64-bit struct timespec, a moment of
// `clock`; null: never. AGAIN: a word has another value. TIMEDOUT: the moment has passed. RESTARTSYS: a signal. FAULT,
// INVAL, NOMEM.
CountResult sys_futex_waitv(UserAddr waiters, u32 count, u32 flags, UserAddr timeout, s32 clock);

// set_robust_list(2). INVAL unless `length` is sizeof(RobustListHead). The address is not used before futex_exit().
Result<u32> sys_set_robust_list(UserAddr head, u32 length);

// get_robust_list(2) of thread `pid`; 0 is the caller. SRCH: there is no such thread. PERM: current may not read its
// state. FAULT: a pointer cannot be written to.
Result<u32> sys_get_robust_list(s32 pid, UserAddr head_pointer, UserAddr length_pointer);

} // namespace faultline
