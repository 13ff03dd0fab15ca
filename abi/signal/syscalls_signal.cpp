// Sending, catching, masking and awaiting signals.
#include <arch/signal.hpp>

#include "abi/arguments/timespec.hpp"
#include "abi/cred/cred.hpp"
#include "abi/process/process.hpp"
#include "abi/process/syscalls.hpp"
#include "abi/signal/siglock.hpp"
#include "abi/signal/signal_queue.hpp"
#include "arch/contract/clock.hpp"
#include "arch/contract/uaccess.hpp"

namespace faultline {

namespace {

constexpr u32 SIGSET_BYTES = 8;
constexpr u32 SA_EXPOSE_TAGBITS_FLAG = 0x800;
constexpr u32 KNOWN_FLAGS = SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_EXPOSE_TAGBITS_FLAG | SA_THIRTYTWO |
                            SA_RESTORER | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND;
constexpr s32 LOWEST_PID = -0x7fffffff - 1;

Result<u64> get_sigset(UserAddr set) {
    u64 mask = 0;
    TRY_VOID(copy_struct_from_user(&mask, set, sizeof mask));
    return mask;
}

Result<void> put_sigset(UserAddr set, u64 mask) { return copy_struct_to_user(set, &mask, sizeof mask); }

// Signal 0 sends nothing and only asks whether one could.
bool may_send(s32 sig) { return sig >= 0 && sig <= SIGNAL_COUNT; }

Result<void> kill_group(ThreadGroup& group, s32 sig) {
    if (!may_signal(*group.leader, sig))
        return Err(Errno::PERM);
    return sig == 0 ? Result<void>() : send_group_sig_info(siginfo_user(sig, SI_USER), group);
}

// Every process that `chosen` likes. SRCH: there is none; PERM: all were refused (kill(2)).
template <class Chosen>
Result<u32> kill_many(s32 sig, Chosen&& chosen) {
    Result<void> last = Err(Errno::SRCH);
    bool any = false;
    for_each_process([&](ThreadGroup& group) {
        if (chosen(group)) {
            last = kill_group(group, sig); // one that is refused does not spare the others
            any |= last.ok();
        }
    });
    if (!any)
        TRY_VOID(last);
    return 0u;
}

// Every process but process 1 and one's own. That all were refused is no error here (Linux kill_something_info).
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
        return Err(Errno::SRCH); // Linux: there is no group that this could be minus
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

// Nobody may pretend to be kill() or the kernel to another process.
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

namespace {

// A signal that is now ignored and waits already is gone (signal(7)).
void drop_ignored(s32 sig) {
    SigLocked lock;
    ThreadGroup& group = current_group();
    flush_sigqueue_mask(group.shared_pending, sigmask(sig));
    for (Task& thread : group.threads)
        flush_sigqueue_mask(thread.pending, sigmask(sig));
}

} // namespace

Result<SigAction> do_sigaction(s32 sig, const SigAction* next) {
    if (!valid_signal(sig) || (next != nullptr && in_set(sig, KERNEL_ONLY_SIGNALS)))
        return Err(Errno::INVAL);
    SigAction& slot = current()->sighand->of(sig);
    const SigAction before = slot;
    if (next != nullptr) {
        constexpr u64 never = KERNEL_ONLY_SIGNALS;
        slot = *next;
        slot.flags &= KNOWN_FLAGS; // what is not known reads back as 0: sigaction(2), "Dynamically probing"
        slot.mask[0] &= ~static_cast<u32>(never);
        const bool ignored =
            next->handler == HANDLER_IGNORE || (next->handler == HANDLER_DEFAULT && in_set(sig, IGNORE_SIGNALS));
        if (ignored)
            drop_ignored(sig);
    }
    return before;
}

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

Result<u32> sys_rt_sigpending(UserAddr set, u32 sigset_bytes) {
    if (sigset_bytes > SIGSET_BYTES)
        return Err(Errno::INVAL);
    const Task& task = *current();
    const u64 pending = (task.pending.set | task.group->shared_pending.set) & task.blocked;
    TRY_VOID(copy_struct_to_user(set, &pending, sigset_bytes));
    return 0u;
}

Result<u32> sys_rt_sigsuspend(UserAddr set, u32 sigset_bytes) {
    if (sigset_bytes != SIGSET_BYTES)
        return Err(Errno::INVAL);
    return sigsuspend(TRY(get_sigset(set)));
}

Result<u32> sigsuspend(u64 mask) {
    Task& task = *current();
    task.saved_blocked = task.blocked;
    task.restore_sigmask = true;
    set_current_blocked(mask);
    return sys_pause();
}

Result<u32> sys_pause() {
    while (!signal_pending()) {
        current()->state = TaskState::Interruptible;
        schedule();
    }
    return Err(Errno::RESTARTNOHAND);
}

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

namespace {

// Unblocks `set` while it sleeps, so that a sender wakes this task; nothing is delivered in between. AGAIN at
// the deadline; INTR if another signal came.
Result<SigInfo> wait_for_signal(u64 set, u64 deadline_ns) {
    Task& task = *current();
    const u64 before = task.blocked;
    SigInfo info = take_signal(set);
    if (info.signo != 0)
        return info;
    if (deadline_ns == 0)
        return Err(Errno::AGAIN);
    task.real_blocked = before;
    set_current_blocked(before & ~set);
    task.state = TaskState::Interruptible;
    const bool woken = schedule_until(deadline_ns);
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

namespace {

// Sets the alternate stack; `stack_pointer` tells whether the task is on the one it has.
Result<void> set_altstack(const SignalStack& wanted, u32 stack_pointer) {
    constexpr u32 MINSIGSTKSZ_BYTES = 2048;
    Task& task = *current();
    const bool enabled = (task.sas_flags & SS_DISABLE) == 0;
    if (enabled && on_sig_stack({task.sas_sp, task.sas_flags, task.sas_size}, stack_pointer))
        return Err(Errno::PERM);
    const u32 mode = wanted.flags & ~u32{SS_AUTODISARM};
    if (mode != 0 && mode != SS_ONSTACK && mode != SS_DISABLE)
        return Err(Errno::INVAL);
    if (mode == SS_DISABLE) {
        task.sas_sp = task.sas_size = 0;
        task.sas_flags = SS_DISABLE;
        return {};
    }
    if (wanted.size < MINSIGSTKSZ_BYTES)
        return Err(Errno::NOMEM);
    task.sas_sp = wanted.sp;
    task.sas_size = wanted.size;
    task.sas_flags = wanted.flags & SS_AUTODISARM;
    return {};
}

} // namespace

Result<u32> sys_sigaltstack(PtRegs& regs, UserAddr stack, UserAddr old_stack) {
    const Task& task = *current();
    SignalStack before = {task.sas_sp, task.sas_flags, task.sas_size};
    if ((before.flags & SS_DISABLE) == 0 && on_sig_stack(before, regs.sp))
        before.flags |= SS_ONSTACK;
    if (stack.value() != 0) {
        SignalStack wanted;
        TRY_VOID(copy_struct_from_user(&wanted, stack, sizeof wanted));
        TRY_VOID(set_altstack(wanted, regs.sp));
    }
    if (old_stack.value() != 0)
        TRY_VOID(copy_struct_to_user(old_stack, &before, sizeof before));
    return 0u;
}

namespace {

// r0 is whatever it was when the signal came.
u32 finish_sigreturn(PtRegs& regs, const Result<SignalReturn>& frame, bool with_altstack) {
    current()->restart_block = {};
    if (!frame) {
        force_sig(SIGSEGV);
        return 0;
    }
    set_current_blocked(frame.value().blocked);
    if (with_altstack)
        (void)set_altstack(frame.value().altstack, regs.sp); // as Linux: a nonsensical one is ignored
    return regs.r[0];
}

} // namespace

u32 sys_sigreturn(PtRegs& regs) { return finish_sigreturn(regs, restore_frame(regs), false); }
u32 sys_rt_sigreturn(PtRegs& regs) { return finish_sigreturn(regs, restore_rt_frame(regs), true); }

// The program has not made this call and counts on its r7. (Linux/ARM restarts within the kernel instead.)
Result<u32> sys_restart_syscall(PtRegs& regs) {
    RestartBlock& block = current()->restart_block;
    if (block.function == nullptr)
        return Err(Errno::INTR);
    if (const u32 number = std::exchange(block.number, 0); number != 0)
        regs.r[7] = number;
    return block.function(block);
}

} // namespace faultline
