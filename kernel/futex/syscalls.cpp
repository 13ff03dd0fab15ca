// Decoding of futex(2). (Linux 6.1 kernel/futex/syscalls.c.)
#include "kernel/futex/syscalls.hpp"

#include <linux/futex.h>

#include "arch/contract/uaccess.hpp"

#include "arch/contract/clock.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/futex/supplied.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

struct Timespec32 {
    s32 seconds;
    s32 nanoseconds;
};
struct Timespec64 {
    s64 seconds;
    s64 nanoseconds;
};

// Nanoseconds; NO_DEADLINE for what does not fit. (Linux: timespec64_valid, timespec64_to_ktime.)
Result<u64> timespec_to_ns(s64 seconds, s64 nanoseconds) {
    if (seconds < 0 || nanoseconds < 0 || nanoseconds >= static_cast<s64>(NSEC_PER_SEC))
        return Err(Errno::INVAL);
    if (static_cast<u64>(seconds) >= NO_DEADLINE / NSEC_PER_SEC)
        return NO_DEADLINE;
    return static_cast<u64>(seconds) * NSEC_PER_SEC + static_cast<u64>(nanoseconds);
}

Result<u64> read_timespec32(UserAddr address) {
    Timespec32 time;
    TRY_VOID(copy_struct_from_user(&time, address, sizeof time));
    return timespec_to_ns(time.seconds, time.nanoseconds);
}

// A 32-bit program's 64-bit nanoseconds count by their low half: the C library need not clear the rest
// (get_timespec64).
Result<u64> read_timespec64(UserAddr address) {
    Timespec64 time;
    TRY_VOID(copy_struct_from_user(&time, address, sizeof time));
    return timespec_to_ns(time.seconds, static_cast<s32>(time.nanoseconds));
}

bool futex_cmd_has_timeout(u32 command) {
    return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET || command == FUTEX_LOCK_PI ||
           command == FUTEX_LOCK_PI2;
}

// A moment of CLOCK_REALTIME on the clock that sleepers are woken by. Setting the time later does not move
// it.
u64 realtime_to_clock(u64 realtime_ns) {
    const u64 now = current_time_ns();
    return realtime_ns > now ? deadline_after(clock_ns(), realtime_ns - now) : 0;
}

// WAIT counts from now; all others name a moment, and LOCK_PI one of CLOCK_REALTIME whether it says so or
// not.
u64 futex_deadline(u32 command, bool realtime, u64 time_ns) {
    if (time_ns == NO_DEADLINE)
        return NO_DEADLINE;
    if (command == FUTEX_WAIT)
        return deadline_after(clock_ns(), time_ns);
    return realtime || command == FUTEX_LOCK_PI ? realtime_to_clock(time_ns) : time_ns;
}

struct Arguments {
    UserAddr uaddr;
    u32 val;
    u32 val2;
    UserAddr uaddr2;
    u32 val3;
};

Result<u32> do_futex(u32 command, FutexScope scope, const Arguments& a, u64 deadline) {
    const s32 count = static_cast<s32>(a.val), count2 = static_cast<s32>(a.val2);
    switch (command) {
    case FUTEX_WAIT:
        return futex_wait(a.uaddr, scope, a.val, deadline, FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAIT_BITSET:
        return futex_wait(a.uaddr, scope, a.val, deadline, a.val3);
    case FUTEX_WAKE:
        return futex_wake(a.uaddr, scope, count, FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAKE_BITSET:
        return futex_wake(a.uaddr, scope, count, a.val3);
    case FUTEX_REQUEUE:
        return futex_requeue(a.uaddr, scope, a.uaddr2, count, count2, nullptr);
    case FUTEX_CMP_REQUEUE:
        return futex_requeue(a.uaddr, scope, a.uaddr2, count, count2, &a.val3);
    case FUTEX_WAKE_OP:
        return futex_wake_op(a.uaddr, scope, a.uaddr2, count, count2, a.val3);
    case FUTEX_LOCK_PI:
    case FUTEX_LOCK_PI2:
        return futex_lock_pi(a.uaddr, scope, deadline, /*trylock=*/false);
    case FUTEX_TRYLOCK_PI:
        return futex_lock_pi(a.uaddr, scope, NO_DEADLINE, /*trylock=*/true);
    case FUTEX_UNLOCK_PI:
        return futex_unlock_pi(a.uaddr, scope);
    default:
        return Err(Errno::NOSYS);
    }
}

template <class ReadTimespec>
Result<u32> decode_futex(u32 op, const Arguments& arguments, ReadTimespec&& read_timespec) {
    const u32 command = op & static_cast<u32>(FUTEX_CMD_MASK);
    const bool realtime = (op & FUTEX_CLOCK_REALTIME) != 0;
    u64 deadline = NO_DEADLINE;
    if (arguments.val2 != 0 && futex_cmd_has_timeout(command))
        deadline = futex_deadline(command, realtime, TRY(read_timespec(UserAddr(arguments.val2))));
    if (realtime && command != FUTEX_WAIT_BITSET && command != FUTEX_LOCK_PI2)
        return Err(Errno::NOSYS);
    const auto scope = (op & FUTEX_PRIVATE_FLAG) != 0 ? FutexScope::Private : FutexScope::Shared;
    return do_futex(command, scope, arguments, deadline);
}

} // namespace

Result<u32> sys_futex(UserAddr uaddr, u32 op, u32 val, UserAddr utime, UserAddr uaddr2, u32 val3) {
    return decode_futex(op, {uaddr, val, utime.value(), uaddr2, val3}, read_timespec32);
}

Result<u32> sys_futex_time64(UserAddr uaddr, u32 op, u32 val, UserAddr utime, UserAddr uaddr2, u32 val3) {
    return decode_futex(op, {uaddr, val, utime.value(), uaddr2, val3}, read_timespec64);
}

Result<u32> sys_set_robust_list(UserAddr head, u32 length) {
    if (length != sizeof(RobustListHead))
        return Err(Errno::INVAL);
    current()->robust_list = head;
    return 0;
}

Result<u32> sys_get_robust_list(s32 pid, UserAddr head_pointer, UserAddr length_pointer) {
    const Task* task = pid == 0 ? current() : find_task_by_vpid(pid);
    if (task == nullptr)
        return Err(Errno::SRCH);
    const u32 head = task->robust_list.value(); // before we may sleep, and the task be gone
    TRY_VOID(put_user_u32(length_pointer, sizeof(RobustListHead)));
    TRY_VOID(put_user_u32(head_pointer, head));
    return 0;
}

} // namespace faultline
