// Sends signals: chooses the thread that receives a signal, and does what must happen at once. (Linux kernel/signal.c
// prepare_signal, complete_signal.)
#include "abi/signal/send.hpp"

#include "abi/cred/cred.hpp"
#include "abi/signal/notify.hpp"
#include "abi/signal/queue.hpp"
#include "abi/signal/sighand.hpp"
#include "abi/signal/signal.hpp"
#include "abi/task/siglock.hpp"
#include "abi/task/thread_group.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

namespace {

bool is_stopped(const Task& task) { return task.state == TaskState::Stopped; }

// A blocked signal is not ignored, because the program may install a handler before it unblocks the signal.
// `real_blocked` counts too: sigtimedwait(2) unblocks the signals it waits for only while it sleeps.
bool sig_ignored(Task& task, s32 sig) {
    if (in_set(sig, task.blocked | task.real_blocked))
        return false;
    const u32 handler = task.sighand->of(sig).handler;
    if (handler == HANDLER_DEFAULT)
        return task.group->unkillable || in_set(sig, IGNORE_SIGNALS);
    return handler == HANDLER_IGNORE;
}

bool sig_fatal(Task& task, s32 sig) {
    return !in_set(sig, IGNORE_SIGNALS | STOP_SIGNALS | task.real_blocked) &&
           task.sighand->of(sig).handler == HANDLER_DEFAULT && !task.group->unkillable;
}

void flush_group(ThreadGroup& group, u64 set) {
    flush_sigqueue_mask(group.shared_pending, set);
    for (Task& thread : group.threads)
        flush_sigqueue_mask(thread.pending, set);
}

void resume_group(ThreadGroup& group) {
    const bool was_stopping = group.stopped || group.stop_pending;
    const bool was_stopped = group.stopped;
    group.stop_pending = group.stopped = false;
    for (Task& thread : group.threads)
        if (is_stopped(thread))
            wake_up_process(thread);
    if (was_stopping) {
        group.continued_unreported = was_stopped;
        do_notify_parent_cldstop(group, was_stopped ? CLD_CONTINUED : CLD_STOPPED,
                                 was_stopped ? s32{SIGCONT} : group.stop_signal);
    }
}

// Does what a stop or continue signal does when it is sent, even if it is blocked or ignored. Returns false if the
// signal is to be dropped.
bool prepare_signal(Task& task, s32 sig) {
    ThreadGroup& group = *task.group;
    if (group.group_exit)
        return sig == SIGKILL;
    if (in_set(sig, STOP_SIGNALS)) {
        flush_group(group, sigmask(SIGCONT));
    } else if (sig == SIGCONT) {
        flush_group(group, STOP_SIGNALS);
        resume_group(group);
    }
    return !sig_ignored(task, sig);
}

bool wants_signal(const Task& task, s32 sig) {
    if (in_set(sig, task.blocked) || task.exiting)
        return false;
    if (sig == SIGKILL)
        return true;
    // Linux: task_curr. A thread that runs takes it at once, others when they have dealt with what they have.
    return !is_stopped(task) && (task.on_cpu.load(std::memory_order_relaxed) || !task.sigpending);
}

// `task` is asked first.
Task* choose_receiver(Task& task, s32 sig, bool group_directed) {
    if (wants_signal(task, sig))
        return &task;
    if (group_directed)
        for (Task& thread : task.group->threads)
            if (wants_signal(thread, sig))
                return &thread;
    return nullptr;
}

// Starts the end of the process when a fatal signal is sent: every thread gets SIGKILL, so that sleeping threads wake
// up. Not used for a signal that dumps core: the thread that takes it writes the core first.
void begin_group_exit(ThreadGroup& group, s32 exit_code) {
    group.group_exit = true;
    group.exit_code = exit_code;
    group.stop_pending = false;
    for (Task& thread : group.threads) {
        thread.pending.set |= sigmask(SIGKILL);
        signal_wake_up(thread, true);
    }
}

void complete_signal(Task& task, s32 sig, bool group_directed) {
    Task* receiver = choose_receiver(task, sig, group_directed);
    if (receiver == nullptr)
        return; // it stays pending until a thread unblocks it
    // A process that exits may still write its core; then SIGKILL, the only signal that comes so far, ends that.
    const bool ends = task.group->core_state != nullptr || !task.group->group_exit;
    if (sig_fatal(*receiver, sig) && !in_set(sig, COREDUMP_SIGNALS) && ends)
        begin_group_exit(*task.group, sig);
    else
        signal_wake_up(*receiver, sig == SIGKILL);
}

Result<void> send_signal(const SigInfo& info, Task& task, bool group_directed) {
    SigQueue* entry = TRY(sigqueue_alloc(info, task));
    SigLocked lock;
    SigPending& pending = group_directed ? task.group->shared_pending : task.pending;
    const bool merges = info.signo < SIGRTMIN && in_set(info.signo, pending.set);
    if (!prepare_signal(task, info.signo) || merges) {
        sigqueue_free(entry);
        return {};
    }
    sigqueue_append(pending, info, entry);
    complete_signal(task, info.signo, group_directed);
    return {};
}

} // namespace

bool send_sigqueue(SigQueue& entry, Task& task, bool group_directed) {
    const s32 sig = entry.info.signo;
    if ((task.exiting && !group_directed) || !prepare_signal(task, sig))
        return false;
    sigqueue_append(group_directed ? task.group->shared_pending : task.pending, entry.info, &entry);
    complete_signal(task, sig, group_directed);
    return true;
}

void send_kernel_signal(ThreadGroup& group, s32 sig) { send_kernel_signal(*group.leader, sig); }

void send_kernel_signal(Task& first, s32 sig) {
    SigInfo info;
    info.signo = sig;
    info.code = SI_KERNEL;
    (void)send_group_sig_info(info, first); // cannot fail: nothing is queued for a signal from the kernel
}

SigInfo siginfo_user(s32 sig, s32 code) {
    SigInfo info;
    info.signo = sig;
    info.code = code;
    info.fields[0] = static_cast<u32>(current_group().pid);
    info.fields[1] = current_cred().uid;
    return info;
}

SigInfo siginfo_fault(s32 sig, s32 code, u32 address) {
    SigInfo info;
    info.signo = sig;
    info.code = code;
    info.fields[0] = address;
    return info;
}

void signal_wake_up(Task& task, bool fatal) {
    task.sigpending = true;
    std::atomic_thread_fence(std::memory_order_seq_cst); // sigpending is set before `state` is read (must_not_sleep)
    const bool wakes =
        task.state == TaskState::Interruptible || (fatal && (task.state == TaskState::Killable || is_stopped(task)));
    if (!wakes || !wake_up_process(task))
        kick_process(task);
}

Result<void> send_sig_info(const SigInfo& info, Task& task) { return send_signal(info, task, false); }

Result<void> send_group_sig_info(const SigInfo& info, ThreadGroup& group) {
    return send_signal(info, *group.leader, true);
}

Result<void> send_group_sig_info(const SigInfo& info, Task& first) { return send_signal(info, first, true); }

namespace {

// (Linux: force_sig_info_to_task.)
void force_sig_info(const SigInfo& info) {
    const s32 sig = info.signo;
    Task& task = *current();
    {
        const SigLocked lock;
        SigAction& action = task.sighand->of(sig);
        const bool blocked = in_set(sig, task.blocked);
        if (blocked || action.handler == HANDLER_IGNORE)
            action.handler = HANDLER_DEFAULT;
        task.blocked &= ~sigmask(sig);
        if (action.handler == HANDLER_DEFAULT)
            task.group->unkillable = false;
    }
    // If there is no memory for the siginfo, the signal is sent without it. Only signals of sigqueue(3) can fail.
    if (!send_sig_info(info, task))
        panic("signal %d could not be forced", static_cast<int>(sig));
}

} // namespace

void force_sig_fault(s32 sig, s32 code, u32 address) { force_sig_info(siginfo_fault(sig, code, address)); }

void force_sig_mceerr(s32 code, u32 address, u32 lsb) {
    SigInfo info = siginfo_fault(SIGBUS, code, address);
    info.fields[1] = lsb;
    force_sig_info(info);
}

void force_sig(s32 sig) { force_sig_fault(sig, SI_KERNEL, 0); }

void force_fatal_sig(s32 sig) {
    current()->sighand->of(sig).handler = HANDLER_IGNORE; // which a forced signal overrides
    force_sig(sig);
}

u32 zap_other_threads(Task& task) {
    SigLocked lock;
    u32 others = 0;
    task.group->stop_pending = false;
    for (Task& thread : task.group->threads) {
        if (&thread == &task || thread.exiting)
            continue;
        ++others;
        thread.pending.set |= sigmask(SIGKILL);
        signal_wake_up(thread, true);
    }
    return others;
}

} // namespace faultline
