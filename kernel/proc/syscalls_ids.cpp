// Who am I: process ids, groups and sessions; and prctl. There is one user, root, so that user and group ids
// are constants which can only be set to what they are.
#include <linux/prctl.h>

#include <algorithm>
#include <initializer_list>

#include "arch/contract/uaccess.hpp"
#include "kernel/proc/syscalls.hpp"
#include "kernel/proc/thread_group.hpp"

namespace faultline {

namespace {

constexpr u32 ROOT = 0, UNCHANGED = ~u32{0};

Result<u32> only_root(u32 id) {
    if (id != ROOT && id != UNCHANGED)
        return Err(Errno::INVAL); // as where a user namespace maps no such id
    return 0u;
}

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
s32 sys_getppid() {
    const ThreadGroup* parent = current()->group->parent;
    return parent != nullptr ? parent->pid : 0;
}

u32 sys_getuid() { return ROOT; }

Result<u32> sys_setuid(u32 id) { return only_root(id); }

Result<u32> sys_setreuid(u32 real, u32 effective) {
    TRY(only_root(real));
    return only_root(effective);
}

Result<u32> sys_setresuid(u32 real, u32 effective, u32 saved) {
    TRY(only_root(real));
    TRY(only_root(effective));
    return only_root(saved);
}

Result<u32> sys_getresuid(UserAddr real, UserAddr effective, UserAddr saved) {
    for (const UserAddr id : {real, effective, saved})
        TRY_VOID(put_user_u32(id, ROOT));
    return 0u;
}

// No supplementary groups.
Result<u32> sys_getgroups(s32 size, UserAddr) {
    if (size < 0)
        return Err(Errno::INVAL);
    return 0u;
}

Result<u32> sys_setgroups(s32 size, UserAddr) {
    constexpr s32 NGROUPS_MAX = 65536;
    if (size < 0 || size > NGROUPS_MAX)
        return Err(Errno::INVAL);
    return 0u;
}

Result<s32> sys_getpgid(s32 pid) { return TRY(group_or_current(pid))->pgid; }
s32 sys_getpgrp() { return current_group().pgid; }
Result<s32> sys_getsid(s32 pid) { return TRY(group_or_current(pid))->sid; }

namespace {

bool process_group_exists(s32 pgid, s32 sid) {
    bool found = false;
    for_each_process([&](const ThreadGroup& group) { found |= group.pgid == pgid && group.sid == sid; });
    return found;
}

} // namespace

Result<u32> sys_setpgid(s32 pid, s32 pgid) {
    ThreadGroup& own = current_group();
    ThreadGroup* target = pid == 0 ? &own : find_group(pid);
    if (pgid < 0)
        return Err(Errno::INVAL);
    if (target == nullptr || (target != &own && target->parent != &own))
        return Err(Errno::SRCH);
    if (pgid == 0)
        pgid = target->pid;
    const bool other_session = target->sid != own.sid;
    const bool session_leader = target->sid == target->pid;
    if (other_session || session_leader || (pgid != target->pid && !process_group_exists(pgid, own.sid)))
        return Err(Errno::PERM);
    target->pgid = pgid;
    return 0u;
}

Result<s32> sys_setsid() {
    ThreadGroup& own = current_group();
    if (own.sid == own.pid || process_group_exists(own.pid, own.sid))
        return Err(Errno::PERM);
    own.sid = own.pgid = own.pid;
    return own.sid;
}

Result<u32> sys_prctl(s32 option, u32 argument2, u32, u32, u32) {
    Task& task = *current();
    switch (option) {
    case PR_SET_NAME: {
        char name[sizeof task.comm] = {};
        TRY(strncpy_from_user(name, UserAddr(argument2), sizeof name - 1));
        std::copy_n(name, sizeof name, task.comm);
        return 0u;
    }
    case PR_GET_NAME:
        TRY_VOID(copy_struct_to_user(UserAddr(argument2), task.comm, sizeof task.comm));
        return 0u;
    case PR_SET_PDEATHSIG:
        if (argument2 > SIGNAL_COUNT)
            return Err(Errno::INVAL);
        task.pdeath_signal = static_cast<s32>(argument2);
        return 0u;
    case PR_GET_PDEATHSIG:
        TRY_VOID(put_user_u32(UserAddr(argument2), static_cast<u32>(task.pdeath_signal)));
        return 0u;
    case PR_SET_NO_NEW_PRIVS: // execve never gives any
        return argument2 == 1 ? Result<u32>(0u) : Err(Errno::INVAL);
    case PR_GET_DUMPABLE:
        return 1u;
    case PR_SET_DUMPABLE:
        return argument2 <= 1 ? Result<u32>(0u) : Err(Errno::INVAL);
    case PR_GET_TIMERSLACK:
        return 1u;
    case PR_SET_TIMERSLACK:
        return 0u;
    default:
        return Err(Errno::INVAL);
    }
}

} // namespace faultline
