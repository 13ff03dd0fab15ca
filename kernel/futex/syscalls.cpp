// Decodes the arguments of the futex system calls. (Linux 6.1 kernel/futex/syscalls.c.)
#include "kernel/futex/syscalls.hpp"

#include <linux/futex.h>

#include "arch/contract/clock.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

namespace {

bool futex_cmd_has_timeout(u32 command) {
    return command == FUTEX_WAIT || command == FUTEX_WAIT_BITSET || command == FUTEX_LOCK_PI ||
           command == FUTEX_LOCK_PI2 || command == FUTEX_WAIT_REQUEUE_PI;
}

bool futex_cmd_has_clock(u32 command) {
    return command == FUTEX_WAIT_BITSET || command == FUTEX_WAIT_REQUEUE_PI || command == FUTEX_LOCK_PI2;
}

// FUTEX_WAIT gives a time from now. All other commands give a moment; that of FUTEX_LOCK_PI is always one of
// CLOCK_REALTIME.
Deadline futex_deadline(u32 command, bool realtime, u64 time_ns) {
    if (command == FUTEX_WAIT)
        return deadline_after(clock_ns(), time_ns);
    return {time_ns, realtime || command == FUTEX_LOCK_PI ? ClockBase::Realtime : ClockBase::Monotonic};
}

struct Arguments {
    UserAddr uaddr;
    u32 val;
    u32 val2;
    UserAddr uaddr2;
    u32 val3;
};

// All commands but FUTEX_WAKE. Inline, so that the arguments stay in registers.
[[gnu::always_inline]] inline Result<u32> do_futex(u32 command, FutexScope scope, const Arguments& a,
                                                   Deadline deadline) {
    const s32 count = static_cast<s32>(a.val), count2 = static_cast<s32>(a.val2);
    switch (command) {
    case FUTEX_WAIT:
        return futex_wait(a.uaddr, scope, a.val, deadline, FUTEX_BITSET_MATCH_ANY);
    case FUTEX_WAIT_BITSET:
        return futex_wait(a.uaddr, scope, a.val, deadline, a.val3);
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
    case FUTEX_WAIT_REQUEUE_PI:
        return futex_wait_requeue_pi(a.uaddr, scope, a.val, deadline, a.uaddr2);
    case FUTEX_CMP_REQUEUE_PI:
        return futex_cmp_requeue_pi(a.uaddr, scope, a.uaddr2, count, count2, a.val3);
    default:
        return Err(Errno::NOSYS);
    }
}

template <Result<u64> (*GetTimespec)(UserAddr)>
Result<u32> decode_futex(u32 op, const Arguments& arguments) {
    const u32 command = op & static_cast<u32>(FUTEX_CMD_MASK);
    const bool realtime = (op & FUTEX_CLOCK_REALTIME) != 0;
    const auto scope = (op & FUTEX_PRIVATE_FLAG) != 0 ? FutexScope::Private : FutexScope::Shared;
    if (command == FUTEX_WAKE && !realtime) // first, because no other is called so often and needs so little
        return futex_wake(arguments.uaddr, scope, static_cast<s32>(arguments.val), FUTEX_BITSET_MATCH_ANY);
    Deadline deadline;
    if (arguments.val2 != 0 && futex_cmd_has_timeout(command))
        deadline = futex_deadline(command, realtime, TRY(GetTimespec(UserAddr(arguments.val2))));
    if (realtime && !futex_cmd_has_clock(command))
        return Err(Errno::NOSYS);
    return do_futex(command, scope, arguments, deadline);
}

} // namespace

Result<u32> sys_futex(UserAddr uaddr, u32 op, u32 val, UserAddr utime, UserAddr uaddr2, u32 val3) {
    return decode_futex<get_timespec32>(op, {uaddr, val, utime.value(), uaddr2, val3});
}

Result<u32> sys_futex_time64(UserAddr uaddr, u32 op, u32 val, UserAddr utime, UserAddr uaddr2, u32 val3) {
    return decode_futex<get_timespec64>(op, {uaddr, val, utime.value(), uaddr2, val3});
}

Result<u32> sys_set_robust_list(UserAddr head, u32 length) {
    if (length != sizeof(RobustListHead))
        return Err(Errno::INVAL);
    current()->robust_list = head;
    return 0;
}

namespace {

Result<u32> robust_list_of(s32 pid) {
    const Guard tasks(tasklist_lock);
    const Task* task = pid == 0 ? current() : find_task_by_vpid(pid);
    if (task == nullptr)
        return Err(Errno::SRCH);
    if (!ptrace_may_read(*task))
        return Err(Errno::PERM);
    return task->robust_list.value();
}

} // namespace

Result<u32> sys_get_robust_list(s32 pid, UserAddr head_pointer, UserAddr length_pointer) {
    const u32 head = TRY(robust_list_of(pid));
    TRY_VOID(put_user_u32(length_pointer, sizeof(RobustListHead)));
    TRY_VOID(put_user_u32(head_pointer, head));
    return 0;
}

} // namespace faultline
