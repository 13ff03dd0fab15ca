// The system calls that return or change the process group and session of a process. (Linux kernel/sys.c.)
#include "abi/task/pgrp.hpp"

#include "abi/task/pid.hpp"
#include "abi/task/thread_group.hpp"

namespace faultline {

s32 session_of_pgrp(s32 pgid) {
    s32 sid = NO_SESSION;
    for_each_process([&](const ThreadGroup& group) {
        if (group.pgid == pgid)
            sid = group.sid;
    });
    return sid;
}

Result<s32> sys_getpgid(s32 pid) { return TRY(task_or_current(pid))->group->pgid; }
s32 sys_getpgrp() { return current_group().pgid; }
Result<s32> sys_getsid(s32 pid) { return TRY(task_or_current(pid))->group->sid; }

Result<u32> sys_setpgid(s32 pid, s32 pgid) {
    ThreadGroup& own = current_group();
    if (pid == 0)
        pid = own.pid;
    if (pgid == 0)
        pgid = pid;
    if (pgid < 0)
        return Err(Errno::INVAL);
    const Task* task = find_task_by_vpid(pid);
    if (task == nullptr)
        return Err(Errno::SRCH);
    ThreadGroup& target = *task->group;
    if (target.leader != task)
        return Err(Errno::INVAL);
    if (target.parent == &own) {
        if (target.sid != own.sid)
            return Err(Errno::PERM);
        if (target.did_exec)
            return Err(Errno::ACCES);
    } else if (&target != &own) {
        return Err(Errno::SRCH);
    }
    if (is_session_leader(target) || (pgid != target.pid && session_of_pgrp(pgid) != own.sid))
        return Err(Errno::PERM);
    target.pgid = pgid;
    return 0u;
}

Result<s32> sys_setsid() {
    ThreadGroup& own = current_group();
    if (is_session_leader(own) || session_of_pgrp(own.pid) != NO_SESSION)
        return Err(Errno::PERM);
    own.sid = own.pgid = own.pid;
    own.tty = nullptr;
    return own.sid;
}

} // namespace faultline
