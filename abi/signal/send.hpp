// Sends signals to threads and processes (signal(7); Linux kernel/signal.c). Those for a program's own
// faults are in kernel/upcalls.hpp.
//
// Callers hold the kernel lock or siglock, unless a function says otherwise. `sig` is 1 … 64.
#pragma once

#include "abi/signal/signal.hpp"
#include "base/result.hpp"
#include "kernel/sched/task.hpp"

namespace faultline {

struct SigQueue;    // abi/signal/queue.hpp
struct ThreadGroup; // abi/task/thread_group.hpp

SigInfo siginfo_user(s32 sig, s32 code);               // from current: si_pid and si_uid are its own
SigInfo siginfo_fault(s32 sig, s32 code, u32 address); // si_addr is `address`

// Send `info.signo` to a thread, or to a process, where any thread that does not block it may take it. The signal is
// dropped if the receiver ignores it, or if it is below SIGRTMIN and already pending. AGAIN: a signal of sigqueue(3)
// cannot be queued (sigqueue_alloc()). (Linux: the same names.)
Result<void> send_sig_info(const SigInfo& info, Task& task);
Result<void> send_group_sig_info(const SigInfo& info, ThreadGroup& group);

// The same to a process, but `first`, one of its threads, takes it if it can. The two above ask the leader first.
// (Linux: send_signal_locked with PIDTYPE_TGID and this task.)
Result<void> send_group_sig_info(const SigInfo& info, Task& first);

// Sends current the signal for a mistake of its own. It is delivered before current returns to user mode. If current
// blocks or ignores it, the default action is taken, which kills. `address` becomes si_addr; force_sig() has none.
// Caller holds the kernel lock. (Linux: the same names.)
void force_sig_fault(s32 sig, s32 code, u32 address);
void force_sig(s32 sig);
void force_sig_mceerr(s32 code, u32 address, u32 lsb); // SIGBUS: memory of 2^lsb bytes has lost its data
void force_fatal_sig(s32 sig);                         // the default action is taken even if current has a handler

// Sends SIGKILL to every other thread of `task`'s process, for exit_group(2) and execve(2). Returns how many threads
// that were. (Linux: the same name.)
u32 zap_other_threads(Task& task);

// Send a signal from the kernel to a process. They need no memory. Callable from anywhere, interrupt handlers included.
// `first`, a thread of the process, takes it if it can; without it the leader is asked first.
void send_kernel_signal(ThreadGroup& group, s32 sig);
void send_kernel_signal(Task& first, s32 sig);

// Sends the signal of a timer, whose entry must not be queued. Returns false if the receiver ignores the signal. Caller
// holds siglock. (Linux: the same name.)
bool send_sigqueue(SigQueue& entry, Task& task, bool group_directed);

// Sets task.sigpending, and wakes the task if a signal may end its sleep: an interruptible one, and for a `fatal`
// signal also a killable one or a stop. Caller holds siglock. (Linux: the same name.)
void signal_wake_up(Task& task, bool fatal);

} // namespace faultline
