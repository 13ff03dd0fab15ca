// Checks for pending signals and takes them.
#include "abi/signal/pending.hpp"

#include "abi/signal/queue.hpp"
#include "abi/signal/send.hpp"
#include "abi/signal/signal.hpp"
#include "abi/signal/sigset.hpp"
#include "abi/task/siglock.hpp"
#include "abi/task/thread_group.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

void recalc_sigpending(Task& task) {
    SigLocked lock; // a timer may send a signal meanwhile
    const ThreadGroup& group = *task.group;
    task.sigpending = ((task.pending.set | group.shared_pending.set) & ~task.blocked) != 0 || group.stop_pending ||
                      (task.pending.set & sigmask(SIGKILL)) != 0;
}

void retarget_shared_pending(Task& task) {
    SigLocked lock;
    const u64 waiting = task.group->shared_pending.set;
    if (waiting == 0)
        return;
    for (Task& thread : task.group->threads)
        if (&thread != &task && !thread.exiting && !thread.sigpending && (waiting & ~thread.blocked) != 0)
            signal_wake_up(thread, false);
}

bool signal_pending() { return current()->sigpending; }

SigInfo take_signal(u64 set) {
    SigLocked lock;
    Task& task = *current();
    SigPending* sources[] = {&task.pending, &task.group->shared_pending};
    for (SigPending* pending : sources) {
        const u64 waiting = pending->set & set;
        if (waiting != 0) {
            const SigInfo info = collect_signal(*pending, __builtin_ctzll(waiting) + 1);
            recalc_sigpending(task);
            return info;
        }
    }
    return {};
}

Result<u32> sys_rt_sigpending(UserAddr set, u32 sigset_bytes) {
    if (sigset_bytes > SIGSET_BYTES)
        return Err(Errno::INVAL);
    const Task& task = *current();
    const u64 pending = (task.pending.set | task.group->shared_pending.set) & task.blocked;
    TRY_VOID(copy_struct_to_user(set, &pending, sigset_bytes));
    return 0u;
}

Result<u32> sys_sigpending(UserAddr set) { return sys_rt_sigpending(set, sizeof(u32)); }

} // namespace faultline
