// The queues of pending signals, with their siginfos.
#pragma once

#include "abi/signal/signal.hpp"
#include "kernel/sched/task.hpp"

namespace faultline {

struct PosixTimer;  // abi/task/timers.hpp
struct ThreadGroup; // abi/task/thread_group.hpp

struct SigQueue {
    SigQueue* next = nullptr;
    SigInfo info;
    PosixTimer* timer = nullptr; // the timer that owns the entry and uses it again; nullptr: freed when taken
    bool queued = false;         // a timer's entry is in a queue
};

// Returns an entry that holds `info`. Returns nullptr if the signal needs no entry, or if there is no memory for one
// and the signal can be sent without. AGAIN: a signal of sigqueue(3) gets no entry, for lack of memory or because of
// `receiver`'s RLIMIT_SIGPENDING. (Linux: the same name.)
Result<SigQueue*> sigqueue_alloc(const SigInfo& info, const ThreadGroup& receiver);

// Frees an entry that has left its queue, or nullptr. An entry that belongs to a timer is only marked as not queued.
void sigqueue_free(SigQueue* entry);

// Returns an entry for `timer` to send repeatedly; nullptr: no memory, or RLIMIT_SIGPENDING.
SigQueue* sigqueue_for_timer(PosixTimer& timer);

// Separates the entry from its timer, which is being deleted. The entry is freed now, or later when its signal is
// taken. Caller holds siglock.
void sigqueue_leave_timer(SigQueue& entry);

// How many queued signals the processes of a real user id have, for /proc/PID/status. Caller holds the kernel lock.
u32 sigqueue_count(u32 uid);

// Marks `sig` as pending and queues `entry` (nullptr: without siginfo). Caller holds siglock.
void sigqueue_append(SigPending& pending, s32 sig, SigQueue* entry);

// Takes the oldest siginfo of `sig`, and removes `sig` from the pending set unless another siginfo of it is queued. If
// there is no siginfo, returns one with SI_KERNEL. Caller holds siglock. (Linux: the same name.)
SigInfo collect_signal(SigPending& pending, s32 sig);

// Removes all signals of `set`. Caller holds siglock. (Linux: the same name.)
void flush_sigqueue_mask(SigPending& pending, u64 set);

// Removes all signals, when a thread or process is freed. (Linux: the same name.)
void flush_sigqueue(SigPending& pending);

} // namespace faultline
