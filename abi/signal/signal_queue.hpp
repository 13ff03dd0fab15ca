// What the parts of signal handling share: kinds of signals, and the queues. For abi/signal/signal_*.cpp
// only.
#pragma once

#include "abi/signal/signal.hpp"
#include "abi/task/thread_group.hpp"

namespace faultline {

struct PosixTimer;

struct SigQueue {
    SigQueue* next = nullptr;
    SigInfo info;
    PosixTimer* timer = nullptr; // whose it is: not freed when the signal is taken
    bool queued = false;         // then: it is in some queue
};

// The default actions (signal(7)), as sets. What is in none of them terminates.
inline constexpr u64 KERNEL_ONLY_SIGNALS = sigmask(SIGKILL) | sigmask(SIGSTOP);
inline constexpr u64 STOP_SIGNALS = sigmask(SIGSTOP) | sigmask(SIGTSTP) | sigmask(SIGTTIN) | sigmask(SIGTTOU);
inline constexpr u64 IGNORE_SIGNALS = sigmask(SIGCONT) | sigmask(SIGCHLD) | sigmask(SIGWINCH) | sigmask(SIGURG);
inline constexpr u64 COREDUMP_SIGNALS = sigmask(SIGQUIT) | sigmask(SIGILL) | sigmask(SIGTRAP) | sigmask(SIGABRT) |
                                        sigmask(SIGFPE) | sigmask(SIGSEGV) | sigmask(SIGBUS) | sigmask(SIGSYS) |
                                        sigmask(SIGXCPU) | sigmask(SIGXFSZ);
// Caused by what the thread itself does: delivered before others, while registers still show the cause.
inline constexpr u64 SYNCHRONOUS_SIGNALS =
    sigmask(SIGSEGV) | sigmask(SIGBUS) | sigmask(SIGILL) | sigmask(SIGTRAP) | sigmask(SIGFPE) | sigmask(SIGSYS);

constexpr bool in_set(s32 sig, u64 set) { return (sigmask(sig) & set) != 0; }

// An entry that holds `info`; nullptr if it needs none, or if there is no memory and it can do without.
// AGAIN: it needs one, or `receiver` may have no more (RLIMIT_SIGPENDING).
Result<SigQueue*> sigqueue_alloc(const SigInfo& info, const ThreadGroup& receiver);
void sigqueue_free(SigQueue* entry); // a timer's only leaves the queue

// An entry for `timer` to send again and again; nullptr: no memory.
SigQueue* sigqueue_for_timer(PosixTimer& timer);
void sigqueue_leave_timer(SigQueue& entry); // the timer is going: freed now, or when the signal is taken

// Sends a timer's signal, if it is not queued. False: the receiver ignores it. Interrupts masked.
bool send_sigqueue(SigQueue& entry, Task& task, bool group_directed);

// Marks `sig` as pending and queues `entry` (or nullptr). Interrupts masked.
void sigqueue_append(SigPending& pending, s32 sig, SigQueue* entry);

// Takes the siginfo of `sig` out of `pending`, and `sig` out of the set unless another of its kind is queued.
// A signal without a siginfo is from the kernel. Interrupts masked.
SigInfo collect_signal(SigPending& pending, s32 sig);

// The first signal of `set` that waits for current or its process, blocked or not, taken; signo 0: none does. (syscalls_signal.cpp)
SigInfo take_signal(u64 set);

// A signal was queued for somebody: who reads signals from a descriptor looks again. From anywhere. (signalfd.cpp)
void signalfd_notify();

// Removes all signals of `set`. Interrupts masked.
void flush_sigqueue_mask(SigPending& pending, u64 set);

// Sets what is done about a signal (nullptr: leaves it) and returns what was. INVAL. (syscalls_signal.cpp)
Result<SigAction> do_sigaction(s32 sig, const SigAction* next);

// Sleeps until a handler has run or the program ends, with `mask` blocked instead. (syscalls_signal.cpp)
Result<u32> sigsuspend(u64 mask);

// Sets sigpending, and ends a sleep that a signal (a `fatal` one) may end. Interrupts masked.
void signal_wake_up(Task& task, bool fatal);

} // namespace faultline
