// Waits for a signal of a set. Programs normally block the signals of the set. (Linux kernel/signal.c do_sigtimedwait.)
#include "abi/signal/sigtimedwait.hpp"

#include "abi/arguments/timespec.hpp"
#include "abi/signal/pending.hpp"
#include "abi/signal/signal.hpp"
#include "abi/signal/sigprocmask.hpp"
#include "abi/signal/sigset.hpp"
#include "abi/task/siglock.hpp"
#include "arch/contract/clock.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

// Takes a signal of `set`, and sleeps if none is pending. While it sleeps, `set` is unblocked, so that a sender wakes
// this task; the signal is not delivered, because current does not return to user mode. AGAIN: the deadline passed.
// INTR: another signal came.
Result<SigInfo> wait_for_signal(u64 set, u64 deadline_ns) {
    Task& task = *current();
    const u64 before = task.blocked;
    SigInfo info = take_signal(set);
    if (info.signo != 0)
        return info;
    if (deadline_ns == 0)
        return Err(Errno::AGAIN);
    {
        const SigLocked lock; // a sender sees both masks, or neither
        task.real_blocked = before;
        set_current_blocked(before & ~set);
    }
    task.state = TaskState::Interruptible;
    const bool woken = schedule_until(deadline_ns);
    const SigLocked lock;
    info = take_signal(set);
    task.real_blocked = 0;
    set_current_blocked(before);
    if (info.signo == 0)
        return Err(woken ? Errno::INTR : Errno::AGAIN);
    return info;
}

Result<s32> sigtimedwait(UserAddr set, UserAddr info_address, u32 sigset_bytes, Result<u64> deadline) {
    if (sigset_bytes != SIGSET_BYTES)
        return Err(Errno::INVAL);
    const u64 mask = TRY(get_sigset(set)) & ~KERNEL_ONLY_SIGNALS;
    const u64 until = TRY(deadline);
    const SigInfo info = TRY(wait_for_signal(mask, until));
    if (info_address.value() != 0)
        TRY_VOID(copy_struct_to_user(info_address, &info, sizeof info));
    return info.signo;
}

template <class Timespec>
Result<u64> sigtimedwait_deadline(UserAddr timeout) {
    if (timeout.value() == 0)
        return NO_DEADLINE;
    const u64 interval = TRY(get_timespec<Timespec>(timeout));
    return interval == 0 ? 0 : deadline_after(clock_ns(), interval);
}

} // namespace

Result<s32> sys_rt_sigtimedwait(UserAddr set, UserAddr info, UserAddr timeout, u32 sigset_bytes) {
    return sigtimedwait(set, info, sigset_bytes, sigtimedwait_deadline<Timespec32>(timeout));
}

Result<s32> sys_rt_sigtimedwait_time64(UserAddr set, UserAddr info, UserAddr timeout, u32 sigset_bytes) {
    return sigtimedwait(set, info, sigset_bytes, sigtimedwait_deadline<Timespec64>(timeout));
}

} // namespace faultline
