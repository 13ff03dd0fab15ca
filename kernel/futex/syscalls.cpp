// What the futex system calls do besides the operations. (Linux 6.1 kernel/futex/syscalls.c.)
#include "kernel/futex/syscalls.hpp"

#include <linux/futex.h>

#include "arch/contract/clock.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

Deadline futex_deadline(u32 command, bool realtime, u64 time_ns) {
    if (command == FUTEX_WAIT)
        return deadline_after(clock_ns(), time_ns);
    return {time_ns, realtime || command == FUTEX_LOCK_PI ? ClockBase::Realtime : ClockBase::Monotonic};
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
