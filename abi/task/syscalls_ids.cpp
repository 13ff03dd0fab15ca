// Who am I: process ids, groups and sessions (getpid(2), setpgid(2), setsid(2)).
#include "abi/process/syscalls.hpp"
#include "abi/signal/jobctl.hpp"

namespace faultline {

namespace {

Result<ThreadGroup*> group_or_current(s32 pid) {
    if (pid == 0)
        return &current_group();
    Task* task = find_task_by_vpid(pid);
    if (task == nullptr)
        return Err(Errno::SRCH);
    return task->group;
}

} // namespace

s32 sys_getpid() { return current()->group->pid; }
s32 sys_gettid() { return current()->pid; }
s32 sys_getppid() { return current()->group->parent_pid; }

Result<s32> sys_getpgid(s32 pid) { return TRY(group_or_current(pid))->pgid; }
s32 sys_getpgrp() { return current_group().pgid; }
Result<s32> sys_getsid(s32 pid) { return TRY(group_or_current(pid))->sid; }

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
