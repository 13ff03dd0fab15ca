// The queues of pending signals.
#pragma once

#include "abi/signal/signal.hpp"
#include "kernel/sched/task.hpp"

namespace faultline {

struct PosixTimer;  // abi/task/timers.hpp
struct ThreadGroup; // abi/task/thread_group.hpp

struct SigQueue {
    SigQueue* next = nullptr;
    SigInfo info;
    PosixTimer* timer = nullptr; // whose it is: not freed when the signal is taken
    bool queued = false;         // then: it is in some queue
};

// An entry that holds `info`; nullptr if it needs none, or if there is no memory and it can do without.
// AGAIN: it needs one, or `receiver` may have no more (RLIMIT_SIGPENDING).
Result<SigQueue*> sigqueue_alloc(const SigInfo& info, const ThreadGroup& receiver);
void sigqueue_free(SigQueue* entry); // a timer's only leaves the queue

// An entry for `timer` to send again and again; nullptr: no memory.
SigQueue* sigqueue_for_timer(PosixTimer& timer);
void sigqueue_leave_timer(SigQueue& entry); // the timer is going: freed now, or when the signal is taken

// Marks `sig` as pending and queues `entry` (or nullptr). Interrupts masked.
void sigqueue_append(SigPending& pending, s32 sig, SigQueue* entry);

// Takes the siginfo of `sig` out of `pending`, and `sig` out of the set unless another of its kind is queued.
// A signal without a siginfo is from the kernel. Interrupts masked.
SigInfo collect_signal(SigPending& pending, s32 sig);

// Removes all signals of `set`. Interrupts masked.
void flush_sigqueue_mask(SigPending& pending, u64 set);

// Drops everything that waits: a thread's exit, and its process's.
void flush_sigqueue(SigPending& pending);

} // namespace faultline
