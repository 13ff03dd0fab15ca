// Sending signals. (Linux kernel/signal.c, prepare_signal and complete_signal.)
#pragma once

#include "abi/signal/signal.hpp"
#include "base/result.hpp"
#include "kernel/sched/task.hpp"

namespace faultline {

struct SigQueue;    // abi/signal/queue.hpp
struct ThreadGroup; // abi/task/thread_group.hpp

SigInfo siginfo_user(s32 sig, s32 code);               // from current: fields are its pid and uid
SigInfo siginfo_fault(s32 sig, s32 code, u32 address); // si_addr

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

// A signal of the kernel's, which says so little that it needs no memory. From anywhere, interrupts included.
void send_kernel_signal(ThreadGroup& group, s32 sig);

// Sends a timer's signal, if it is not queued. False: the receiver ignores it. Interrupts masked.
bool send_sigqueue(SigQueue& entry, Task& task, bool group_directed);

// Sets sigpending, and ends a sleep that a signal (a `fatal` one) may end. Interrupts masked.
void signal_wake_up(Task& task, bool fatal);

} // namespace faultline
