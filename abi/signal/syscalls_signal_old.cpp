// The signal calls from before there were real-time signals: the same things with 32 signals and older
// structures. musl and glibc no longer make them; what is linked statically against older ones may.
#include "abi/process/syscalls.hpp"
#include "abi/signal/signal_queue.hpp"
#include "arch/contract/uaccess.hpp"

namespace faultline {

namespace {

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

// Only the first 32 signals are blocked, unblocked or set.
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

Result<u32> sys_sigpending(UserAddr set) { return sys_rt_sigpending(set, sizeof(u32)); }

Result<u32> sys_sigsuspend(u32, u32, u32 mask) { return sigsuspend(mask); }

} // namespace faultline
