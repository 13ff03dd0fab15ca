// Sleeps until a signal handler has run or the process ends.
#include "abi/signal/sigsuspend.hpp"

#include "abi/signal/sigprocmask.hpp"
#include "abi/signal/sigset.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

Result<u32> sys_pause() {
    while (!signal_pending()) {
        current()->state = TaskState::Interruptible;
        schedule();
    }
    return Err(Errno::RESTARTNOHAND);
}

namespace {

// Sleeps with `mask` as the signal mask. The old mask returns when a handler returns, or in do_signal() if none runs.
Result<u32> sigsuspend(u64 mask) {
    Task& task = *current();
    task.saved_blocked = task.blocked;
    task.restore_sigmask = true;
    set_current_blocked(mask);
    return sys_pause();
}

} // namespace

Result<u32> sys_rt_sigsuspend(UserAddr set, u32 sigset_bytes) {
    if (sigset_bytes != SIGSET_BYTES)
        return Err(Errno::INVAL);
    return sigsuspend(TRY(get_sigset(set)));
}

// The first two arguments are unused. The third is the mask itself.
Result<u32> sys_sigsuspend(u32, u32, u32 mask) { return sigsuspend(mask); }

} // namespace faultline
