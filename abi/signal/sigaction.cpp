// Installs signal handlers. (Linux kernel/signal.c do_sigaction.)
#include "abi/signal/sigaction.hpp"

#include "abi/signal/queue.hpp"
#include "abi/signal/sighand.hpp"
#include "abi/signal/signal.hpp"
#include "abi/signal/sigset.hpp"
#include "abi/task/siglock.hpp"
#include "abi/task/thread_group.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

constexpr u32 SA_EXPOSE_TAGBITS_FLAG = 0x800;
constexpr u32 KNOWN_FLAGS = SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_EXPOSE_TAGBITS_FLAG | SA_THIRTYTWO |
                            SA_RESTORER | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND;

// Discards the pending instances of a signal that is now ignored (POSIX, 2.4.3). Caller holds siglock.
void drop_ignored(s32 sig) {
    ThreadGroup& group = current_group();
    flush_sigqueue_mask(group.shared_pending, sigmask(sig));
    for (Task& thread : group.threads)
        flush_sigqueue_mask(thread.pending, sigmask(sig));
}

// Sets the action of a signal, unless `next` is nullptr, and returns the previous one. INVAL: no such signal, or an
// action for SIGKILL or SIGSTOP.
Result<SigAction> do_sigaction(s32 sig, const SigAction* next) {
    if (!valid_signal(sig) || (next != nullptr && in_set(sig, KERNEL_ONLY_SIGNALS)))
        return Err(Errno::INVAL);
    const SigLocked lock; // senders look at it
    SigAction& slot = current()->sighand->of(sig);
    const SigAction before = slot;
    if (next != nullptr) {
        constexpr u64 never = KERNEL_ONLY_SIGNALS;
        slot = *next;
        slot.flags &= KNOWN_FLAGS; // unknown flags read back as 0: sigaction(2), "Dynamically probing"
        slot.mask[0] &= ~static_cast<u32>(never);
        const bool ignored =
            next->handler == HANDLER_IGNORE || (next->handler == HANDLER_DEFAULT && in_set(sig, IGNORE_SIGNALS));
        if (ignored)
            drop_ignored(sig);
    }
    return before;
}

} // namespace

Result<u32> sys_rt_sigaction(s32 sig, UserAddr action, UserAddr old_action, u32 sigset_bytes) {
    if (sigset_bytes != SIGSET_BYTES)
        return Err(Errno::INVAL);
    SigAction next;
    if (action.value() != 0)
        TRY_VOID(copy_struct_from_user(&next, action, sizeof next));
    const SigAction before = TRY(do_sigaction(sig, action.value() != 0 ? &next : nullptr));
    if (old_action.value() != 0)
        TRY_VOID(copy_struct_to_user(old_action, &before, sizeof before));
    return 0u;
}

namespace {

// The older structure, with a mask of 32 signals. Programs linked statically against old C libraries pass it.
struct OldSigAction { // asm/signal.h old_sigaction
    u32 handler, mask, flags, restorer;
};

} // namespace

Result<u32> sys_sigaction(s32 sig, UserAddr action, UserAddr old_action) {
    OldSigAction wanted;
    SigAction next;
    if (action.value() != 0) {
        TRY_VOID(copy_struct_from_user(&wanted, action, sizeof wanted));
        next = {wanted.handler, wanted.flags, wanted.restorer, {wanted.mask, 0}};
    }
    const SigAction before = TRY(do_sigaction(sig, action.value() != 0 ? &next : nullptr));
    const OldSigAction answer = {before.handler, before.mask[0], before.flags, before.restorer};
    if (old_action.value() != 0)
        TRY_VOID(copy_struct_to_user(old_action, &answer, sizeof answer));
    return 0u;
}

} // namespace faultline
