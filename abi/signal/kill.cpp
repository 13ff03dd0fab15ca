// The system calls that send signals to a process, a thread, a process group, or all processes.
#include "abi/signal/kill.hpp"

#include <linux/capability.h>

#include "abi/cred/cred.hpp"
#include "abi/signal/send.hpp"
#include "abi/signal/signal.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/thread_group.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

bool may_signal(const Task& task, s32 sig) {
    const Cred& own = current_cred();
    const Cred& target = *task.cred;
    const bool same_user =
        own.euid == target.suid || own.euid == target.uid || own.uid == target.suid || own.uid == target.uid;
    return same_user || task.group == current()->group || capable(CAP_KILL) ||
           (sig == SIGCONT && task.group->sid == current_group().sid);
}

namespace {

constexpr s32 LOWEST_PID = -0x7fffffff - 1;

Result<void> kill_group(ThreadGroup& group, s32 sig) {
    if (!may_signal(*group.leader, sig))
        return Err(Errno::PERM);
    return sig == 0 ? Result<void>() : send_group_sig_info(siginfo_user(sig, SI_USER), group);
}

// Sends `sig` to every process for which chosen(group) holds. SRCH: there is none. PERM: all were refused (kill(2)).
template <class Chosen>
Result<u32> kill_many(s32 sig, Chosen&& chosen) {
    Result<void> last = Err(Errno::SRCH);
    bool any = false;
    for_each_process([&](ThreadGroup& group) {
        if (chosen(group)) {
            last = kill_group(group, sig); // after a failure, the rest still get the signal
            any |= last.ok();
        }
    });
    if (!any)
        TRY_VOID(last);
    return 0u;
}

// Sends `sig` to every process except process 1 and the caller's. If all were refused, this returns 0 (Linux
// kill_something_info).
Result<u32> kill_all(s32 sig) {
    const auto done =
        kill_many(sig, [](const ThreadGroup& group) { return group.pid > 1 && &group != &current_group(); });
    return !done && done.error() == Errno::PERM ? Result<u32>(0u) : done;
}

Result<u32> kill_thread(s32 tgid, s32 tid, s32 sig) {
    Task* task = find_task_by_vpid(tid);
    if (task == nullptr || (tgid != 0 && task->group->pid != tgid))
        return Err(Errno::SRCH);
    if (!may_signal(*task, sig))
        return Err(Errno::PERM);
    if (sig != 0)
        TRY_VOID(send_sig_info(siginfo_user(sig, SI_TKILL), *task));
    return 0u;
}

} // namespace

Result<u32> sys_kill(s32 pid, s32 sig) {
    if (!may_send(sig))
        return Err(Errno::INVAL);
    if (pid > 0) {
        Task* task = find_task_by_vpid(pid);
        if (task == nullptr)
            return Err(Errno::SRCH);
        TRY_VOID(kill_group(*task->group, sig));
        return 0u;
    }
    ThreadGroup& own = current_group();
    if (pid == -1)
        return kill_all(sig);
    if (pid == LOWEST_PID)
        return Err(Errno::SRCH); // −pid does not fit in an s32, so no group has that id (Linux kill_something_info)
    const s32 pgid = pid == 0 ? own.pgid : -pid;
    return kill_many(sig, [&](const ThreadGroup& group) { return group.pgid == pgid; });
}

Result<u32> sys_tkill(s32 tid, s32 sig) {
    if (tid <= 0 || !may_send(sig))
        return Err(Errno::INVAL);
    return kill_thread(0, tid, sig);
}

Result<u32> sys_tgkill(s32 tgid, s32 tid, s32 sig) {
    if (tgid <= 0 || tid <= 0 || !may_send(sig))
        return Err(Errno::INVAL);
    return kill_thread(tgid, tid, sig);
}

namespace {

// Checks that current may send `info` to `receiver`. A signal to another process may not claim to come from kill() or
// the kernel. PERM, INVAL.
Result<void> check_siginfo(SigInfo& info, s32 sig, const Task& receiver) {
    if ((info.code >= 0 || info.code == SI_TKILL) && receiver.group != &current_group())
        return Err(Errno::PERM);
    if (!may_send(sig))
        return Err(Errno::INVAL);
    if (!may_signal(receiver, sig))
        return Err(Errno::PERM);
    info.signo = sig;
    return {};
}

} // namespace

Result<u32> sys_rt_sigqueueinfo(s32 pid, s32 sig, UserAddr user_info) {
    SigInfo info;
    TRY_VOID(copy_struct_from_user(&info, user_info, sizeof info));
    Task* task = find_task_by_vpid(pid);
    if (task == nullptr)
        return Err(Errno::SRCH);
    TRY_VOID(check_siginfo(info, sig, *task));
    if (sig != 0)
        TRY_VOID(send_group_sig_info(info, *task->group));
    return 0u;
}

Result<u32> sys_rt_tgsigqueueinfo(s32 tgid, s32 tid, s32 sig, UserAddr user_info) {
    if (tgid <= 0 || tid <= 0)
        return Err(Errno::INVAL);
    SigInfo info;
    TRY_VOID(copy_struct_from_user(&info, user_info, sizeof info));
    Task* task = find_task_by_vpid(tid);
    if (task == nullptr || task->group->pid != tgid)
        return Err(Errno::SRCH);
    TRY_VOID(check_siginfo(info, sig, *task));
    if (sig != 0)
        TRY_VOID(send_sig_info(info, *task));
    return 0u;
}

} // namespace faultline
