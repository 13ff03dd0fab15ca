// Changes the signal mask of current. (Linux kernel/signal.c sigprocmask, __set_task_blocked.)
#include "abi/signal/sigprocmask.hpp"

#include "abi/signal/pending.hpp"
#include "abi/signal/signal.hpp"
#include "abi/signal/sigset.hpp"
#include "abi/task/siglock.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

void set_current_blocked(u64 blocked) {
    SigLocked lock;
    Task& task = *current();
    const u64 newly_blocked = blocked & ~task.blocked;
    task.blocked = blocked & ~KERNEL_ONLY_SIGNALS;
    recalc_sigpending(task);
    if (newly_blocked != 0)
        retarget_shared_pending(task);
}

Result<void> sigprocmask(s32 how, u64 mask, u64 all) {
    const u64 before = current()->blocked;
    switch (how) {
    case SIG_BLOCK:
        set_current_blocked(before | mask);
        return {};
    case SIG_UNBLOCK:
        set_current_blocked(before & ~mask);
        return {};
    case SIG_SETMASK:
        set_current_blocked((before & ~all) | mask);
        return {};
    default:
        return Err(Errno::INVAL);
    }
}

Result<u32> sys_rt_sigprocmask(s32 how, UserAddr set, UserAddr old_set, u32 sigset_bytes) {
    if (sigset_bytes != SIGSET_BYTES)
        return Err(Errno::INVAL);
    const u64 before = current()->blocked;
    if (set.value() != 0) {
        const u64 mask = TRY(get_sigset(set));
        TRY_VOID(sigprocmask(how, mask, ~u64{0}));
    }
    if (old_set.value() != 0)
        TRY_VOID(put_sigset(old_set, before));
    return 0u;
}

// This call affects the first 32 signals only.
Result<u32> sys_sigprocmask(s32 how, UserAddr set, UserAddr old_set) {
    constexpr u64 OLD_SIGNALS = 0xffffffff;
    const u64 before = current()->blocked;
    if (set.value() != 0) {
        const u64 mask = TRY(get_user_u32(set));
        TRY_VOID(sigprocmask(how, mask, OLD_SIGNALS));
    }
    if (old_set.value() != 0)
        TRY_VOID(put_user_u32(old_set, static_cast<u32>(before)));
    return 0u;
}

} // namespace faultline
