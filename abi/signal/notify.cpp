// Notifies a parent that its child died, stopped or continued. (Linux kernel/signal.c do_notify_parent.)
#include "abi/signal/notify.hpp"

#include "abi/cred/cred.hpp"
#include "abi/signal/send.hpp"
#include "abi/signal/sighand.hpp"
#include "abi/signal/signal.hpp"
#include "abi/signal/upcalls.hpp"
#include "abi/task/cpu_time.hpp"
#include "abi/task/siglock.hpp"
#include "abi/task/thread_group.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

namespace {

constexpr u64 CLOCK_TICK_NS = NSEC_PER_SEC / 100; // USER_HZ

SigInfo siginfo_child(ThreadGroup& child, s32 sig, s32 code, s32 status) {
    SigInfo info;
    info.signo = sig;
    info.code = code;
    info.fields[0] = static_cast<u32>(child.pid);
    info.fields[1] = child.leader->cred->uid;
    info.fields[2] = static_cast<u32>(status);
    const CpuTime time = group_cpu_time(child);
    info.fields[3] = static_cast<u32>(time.user_ns / CLOCK_TICK_NS); // si_utime, si_stime
    info.fields[4] = static_cast<u32>(time.system_ns / CLOCK_TICK_NS);
    return info;
}

// The thread of the parent that is asked first to take the signal: the one that forked the child. (Linux: real_parent.)
Task& parent_thread(const ThreadGroup& child) {
    Task* thread = child.parent_tid != 0 ? find_task_by_vpid(child.parent_tid) : nullptr;
    return thread != nullptr && thread->group == child.parent ? *thread : *child.parent->leader;
}

bool all_stopped(const ThreadGroup& group) {
    for (const Task& thread : group.threads)
        if (!thread.exiting && thread.state != TaskState::Stopped)
            return false;
    return true;
}

} // namespace

bool do_notify_parent(ThreadGroup& group, s32 sig) {
    ThreadGroup& parent = *group.parent;
    const s32 code = group.leader->exit_code;
    const s32 how = cld_code(code);
    bool unwanted = false;
    if (sig == SIGCHLD) {
        const SigAction& action = parent.leader->sighand->of(SIGCHLD);
        unwanted = action.handler == HANDLER_IGNORE || (action.flags & SA_NOCLDWAIT) != 0;
        if (action.handler == HANDLER_IGNORE)
            sig = 0;
    }
    if (valid_signal(sig))
        (void)send_group_sig_info( // if this fails for lack of memory, wait(2) still reports the child
            siginfo_child(group, sig, how, how == CLD_EXITED ? code >> 8 : code & 0x7f), parent_thread(group));
    wake_up_all(parent.wait_chldexit);
    pidfd_notify();
    return unwanted;
}

void do_notify_parent_cldstop(ThreadGroup& group, s32 code, s32 status) {
    if (group.parent == nullptr)
        return;
    ThreadGroup& parent = *group.parent;
    if ((parent.leader->sighand->of(SIGCHLD).flags & SA_NOCLDSTOP) == 0)
        (void)send_group_sig_info(siginfo_child(group, SIGCHLD, code, status), parent_thread(group));
    wake_up_all(parent.wait_chldexit);
}

void complete_group_stop(ThreadGroup& group) {
    SigLocked lock;
    if (!group.stop_pending || !all_stopped(group))
        return;
    group.stop_pending = false;
    group.stopped = true;
    group.stop_reported = false;
    group.continued_unreported = false;
    do_notify_parent_cldstop(group, CLD_STOPPED, group.stop_signal);
}

} // namespace faultline
