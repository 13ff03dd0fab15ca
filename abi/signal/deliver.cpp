// Delivers signals: on the way back to user mode, a task takes its pending signals and exits, stops, or runs a handler.
// (Linux kernel/signal.c get_signal, arch/arm/kernel/signal.c.)
#include <arch/ptrace.hpp>
#include <arch/signal.hpp>

#include "abi/signal/jobctl.hpp"
#include "abi/signal/notify.hpp"
#include "abi/signal/pending.hpp"
#include "abi/signal/queue.hpp"
#include "abi/signal/send.hpp"
#include "abi/signal/sighand.hpp"
#include "abi/signal/signal.hpp"
#include "abi/signal/sigprocmask.hpp"
#include "abi/signal/upcalls.hpp"
#include "abi/task/siglock.hpp"
#include "abi/task/thread_group.hpp"
#include "base/trace.hpp"
#include "kernel/dispatch.hpp"
#include "kernel/upcalls.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

s32 lowest_signal(u64 set) { return __builtin_ctzll(set) + 1; }

s32 next_signal(u64 set) {
    return (set & SYNCHRONOUS_SIGNALS) != 0 ? lowest_signal(set & SYNCHRONOUS_SIGNALS) : lowest_signal(set);
}

struct KSignal {
    SigInfo info;
    SigAction action;
};

bool has_handler(const SigAction& action) {
    return action.handler != HANDLER_IGNORE && action.handler != HANDLER_DEFAULT;
}

// What the signal does. A handler with SA_RESETHAND runs once. Caller holds siglock.
SigAction take_action(SigHand& sighand, s32 sig) {
    SigAction& action = sighand.of(sig);
    const SigAction taken = action;
    if (has_handler(taken) && (taken.flags & SA_RESETHAND) != 0)
        action.handler = HANDLER_DEFAULT;
    return taken;
}

// Takes the next signal that is not blocked, the thread's own before the process's, and its action. Signo 0: there is
// none.
KSignal dequeue_signal(Task& task) {
    SigLocked lock;
    KSignal signal;
    SigPending* sources[] = {&task.pending, &task.group->shared_pending};
    for (SigPending* pending : sources) {
        const u64 deliverable = pending->set & ~task.blocked;
        if (deliverable != 0) {
            signal.info = collect_signal(*pending, next_signal(deliverable));
            signal.action = take_action(*task.sighand, signal.info.signo);
            break;
        }
    }
    recalc_sigpending(task);
    return signal;
}

// Stops current until SIGCONT or SIGKILL. Does nothing if a timer has sent one of them since the caller read
// stop_pending. The last thread to stop notifies the parent.
void do_signal_stop() {
    Task& task = *current();
    {
        SigLocked lock;
        if (!task.group->stop_pending)
            return;
        task.state = TaskState::Stopped;
        complete_group_stop(*task.group);
    }
    schedule();
    recalc_sigpending(task);
}

void begin_signal_stop(s32 sig) {
    SigLocked lock;
    ThreadGroup& group = current_group();
    if (group.stop_pending || group.group_exit)
        return;
    group.stop_pending = true;
    group.stop_signal = sig;
    for (Task& thread : group.threads)
        if (&thread != current() && !thread.exiting)
            signal_wake_up(thread, false);
}

// Takes signals until one has a handler in current's program, and carries out the default actions of the others.
// Returns false when no signal is left. May stop the task, or end it (fatal signals). Interrupts on.
bool get_signal(KSignal& signal) {
    Task& task = *current();
    ThreadGroup& group = *task.group;
    while (true) {
        if (group.group_exit || group.exec_task != nullptr) {
            TRACE(SignalDeliver, SIGKILL, 0, HANDLER_DEFAULT); // whatever signal ended the group, as Linux has it
            do_group_exit(group.exit_code);
        }
        if (group.stop_pending) {
            do_signal_stop();
            continue;
        }
        signal = dequeue_signal(task);
        const s32 sig = signal.info.signo;
        if (sig == 0)
            return false;
        TRACE(SignalDeliver, sig, signal.info.code, signal.action.handler);
        if (has_handler(signal.action))
            return true;
        cond_resched(); // a timer may send the next ignored signal before this one is taken, without end
        if (signal.action.handler == HANDLER_IGNORE)
            continue;
        if (in_set(sig, IGNORE_SIGNALS) || group.unkillable)
            continue;
        if (in_set(sig, COREDUMP_SIGNALS))
            do_coredump(signal.info);
        if (!in_set(sig, STOP_SIGNALS))
            do_group_exit(sig);
        // The terminal's stop signals have no effect in an orphaned process group (POSIX, 2.4.3).
        if (sig == SIGSTOP || !is_orphaned_pgrp(group.pgid))
            begin_signal_stop(sig);
    }
}

constexpr u32 RESTART_SYSCALL = 0; // __NR_restart_syscall

// Sets the registers so that the interrupted system call is made again. before_handler() undoes this if a handler runs
// that did not ask for a restart.
class SyscallRestart {
  public:
    SyscallRestart(PtRegs& regs, u16 restart_errno) : regs_(regs), kind_(Errno{restart_errno}) {
        if (kind_ == Errno{})
            return;
        saved_pc_ = regs.pc;
        saved_r7_ = regs.r[7];
        regs.pc -= thumb_mode(regs) ? 2 : 4;
        regs.r[0] = regs.orig_r0;
        if (kind_ == Errno::RESTART_RESTARTBLOCK) {
            current()->restart_block.number = saved_r7_;
            regs.r[7] = RESTART_SYSCALL;
        }
    }

    // Makes the call return EINTR instead, unless it restarts in any case or the handler has SA_RESTART.
    void before_handler(const SigAction& action) {
        const bool keeps = kind_ == Errno{} || kind_ == Errno::RESTARTNOINTR ||
                           (kind_ == Errno::RESTARTSYS && (action.flags & SA_RESTART) != 0);
        if (keeps)
            return;
        regs_.pc = saved_pc_;
        regs_.r[7] = saved_r7_;
        regs_.r[0] = negative_errno(Errno::INTR);
    }

  private:
    PtRegs& regs_;
    Errno kind_;
    u32 saved_pc_ = 0;
    u32 saved_r7_ = 0;
};

SignalDelivery describe_delivery(const Task& task, const KSignal& signal) {
    SignalDelivery delivery;
    delivery.signal = static_cast<int>(signal.info.signo);
    delivery.handler = signal.action.handler;
    delivery.flags = signal.action.flags;
    delivery.restorer = signal.action.restorer;
    delivery.blocked = task.restore_sigmask ? task.saved_blocked : task.blocked;
    delivery.altstack = {task.sas_sp, task.sas_flags, task.sas_size};
    delivery.trap_no = task.fault_trap_no;
    delivery.error_code = task.fault_status;
    delivery.fault_address = task.fault_address;
    return delivery;
}

void handle_signal(PtRegs& regs, const KSignal& signal) {
    Task& task = *current();
    const SignalDelivery delivery = describe_delivery(task, signal);
    const bool with_info = (signal.action.flags & SA_SIGINFO) != 0;
    if (!(with_info ? setup_rt_frame(regs, delivery, &signal.info) : setup_frame(regs, delivery))) {
        // There is no room for the frame. The SIGSEGV for this must not run a handler that has just failed for it.
        if (signal.info.signo == SIGSEGV) {
            const SigLocked lock;
            task.sighand->of(SIGSEGV).handler = HANDLER_DEFAULT;
        }
        force_sig(SIGSEGV);
        return;
    }
    task.restore_sigmask = false;
    if ((task.sas_flags & SS_AUTODISARM) != 0) { // the frame holds the old setting, and sigreturn restores it
        task.sas_sp = task.sas_size = 0;
        task.sas_flags = SS_DISABLE;
    }
    u64 blocked = task.blocked | signal.action.blocked();
    if ((signal.action.flags & SA_NODEFER) == 0)
        blocked |= sigmask(signal.info.signo);
    set_current_blocked(blocked);
}

} // namespace

void do_signal(PtRegs& regs) {
    Task& task = *current();
    SyscallRestart restart(regs, task.restart_errno);
    task.restart_errno = 0;
    KSignal signal;
    if (get_signal(signal)) {
        restart.before_handler(signal.action);
        handle_signal(regs, signal);
    } else if (task.restore_sigmask) {
        task.restore_sigmask = false;
        set_current_blocked(task.saved_blocked);
    }
}

} // namespace faultline
