// Signals: what waits, what is done about it, who may be told. (Linux kernel/signal.c; signal(7).)
//
// Nothing here is called from interrupts but send_sig_info() by a timer. The kernel is not preempted, so
// plain data needs no lock; on several CPUs SigHand would carry one (Linux: sighand->siglock).
#pragma once

#include <asm/siginfo.h>
#include <linux/signal.h>

#include "base/refcount.hpp"
#include "base/result.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

struct PtRegs;
struct ThreadGroup;

// Numbers and codes are the UAPI's: SIGKILL, SI_USER, CLD_EXITED …
inline constexpr s32 SIGNAL_COUNT = 64;

inline constexpr s32 CORE_DUMPED = 0x80; // in a wait status (wait(2), WCOREDUMP)

// The si_code for a dead child's status.
constexpr s32 cld_code(s32 status) {
    return (status & 0x7f) == 0 ? CLD_EXITED : (status & CORE_DUMPED) != 0 ? CLD_DUMPED : CLD_KILLED;
}

constexpr u64 sigmask(s32 sig) { return u64{1} << (sig - 1); }
constexpr bool valid_signal(s32 sig) { return sig >= 1 && sig <= SIGNAL_COUNT; }

// siginfo_t as ARM programs see it: three words, then what `code` says.
struct SigInfo {
    s32 signo = 0;
    s32 error = 0;
    s32 code = 0;
    u32 fields[29] = {};
};
static_assert(sizeof(SigInfo) == sizeof(siginfo_t));

SigInfo siginfo_user(s32 sig, s32 code);               // from current: fields are its pid and uid
SigInfo siginfo_fault(s32 sig, s32 code, u32 address); // si_addr

// struct sigaction as rt_sigaction(2) passes it on ARM.
struct SigAction {
    u32 handler = 0; // SIG_DFL 0, SIG_IGN 1, or the program's function
    u32 flags = 0;   // SA_*
    u32 restorer = 0;
    u32 mask[2] = {};
    u64 blocked() const { return mask[0] | u64{mask[1]} << 32; }
};
inline constexpr u32 HANDLER_DEFAULT = 0, HANDLER_IGNORE = 1;

// Shared by the threads of CLONE_SIGHAND.
struct SigHand {
    Refcount references{1};
    SigAction action[SIGNAL_COUNT];
    SigAction& of(s32 sig) { return action[sig - 1]; }
};
Result<SigHand*> sighand_new(); // all default. NOMEM
Result<SigHand*> sighand_dup(const SigHand& from);
void sighand_put(SigHand& sighand);
void flush_signal_handlers(SigHand& sighand); // execve: caught ones become default, ignored stay

// Sends `info.signo` (1 … 64) to a thread, or to a process (any thread that does not block it). A signal the
// receiver ignores vanishes; a second standard signal of a kind that waits already merges with it. AGAIN: a
// queued real-time signal found no memory.
Result<void> send_sig_info(const SigInfo& info, Task& task);
Result<void> send_group_sig_info(const SigInfo& info, ThreadGroup& group);

// force_sig_fault() of kernel/upcalls.hpp, for no address.
void force_sig(s32 sig);

// Makes every other thread of the group die, as exit_group(2) and execve(2) need it. Returns how many there
// are.
u32 zap_other_threads(Task& task);

// If a stop is under way and every thread that still lives has stopped, it is complete, and the parent hears
// of it. After a thread stopped or began to exit.
void complete_group_stop(ThreadGroup& group);

// Whether a pending signal concerns `task` now; call after its mask or its pending set changed.
void recalc_sigpending(Task& task);

// A process's signal may have been given to `task`, which now blocks it, or exits: others are told to look.
void retarget_shared_pending(Task& task);

// current's mask. SIGKILL and SIGSTOP are never blocked.
void set_current_blocked(u64 blocked);

// The same as sigprocmask(2) has it: blocks or unblocks the signals of `mask`, or makes it the mask as far as `all` goes,
// the signals that the caller knows of. EINVAL: `how` is none of these.
Result<void> sigprocmask(s32 how, u64 mask, u64 all);

// Drops everything that waits: exit, and the group's at its end.
void flush_sigqueue(SigPending& pending);

// The next signal to be handled by a handler of current's program, after default actions were carried out;
// false if none is left. May stop the task, or never return (fatal signals). Interrupts on.
struct KSignal {
    SigInfo info;
    SigAction action;
};
bool get_signal(KSignal& signal);

// Tells `group`'s parent about a child that died, stopped or went on: SIGCHLD (or the child's exit_signal)
// and a wake-up of wait(2).
bool do_notify_parent(ThreadGroup& group, s32 sig); // true: nobody will wait for it
void do_notify_parent_cldstop(ThreadGroup& group, s32 code, s32 status);

} // namespace faultline
