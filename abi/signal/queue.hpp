// The queues of pending signals, with their siginfos.
#pragma once

#include "abi/signal/signal.hpp"
#include "kernel/sched/task.hpp"

namespace faultline {

struct PosixTimer;  // abi/task/timers.hpp
struct ThreadGroup; // abi/task/thread_group.hpp

struct UserStruct; // abi/cred/user.hpp

struct SigQueue {
    SigQueue* next = nullptr;
    SigInfo info;
    UserStruct* user = nullptr;  // with a reference: it counts in UserStruct::sigpending
    PosixTimer* timer = nullptr; // the timer that owns the entry and uses it again; nullptr: freed when taken
    bool queued = false;         // a timer's entry is in a queue
};

// Returns an entry that holds `info`; it counts with the receiver's user. Returns nullptr if the signal needs no entry, or if
// it gets none and can be sent without. AGAIN: it cannot, being one of sigqueue(3) and at least SIGRTMIN. It gets none for lack
// of memory, or because of the receiver's RLIMIT_SIGPENDING. That does not bind what kill(2) and the kernel send below SIGRTMIN.
// Caller holds the kernel lock, or is the receiver. (Linux: __sigqueue_alloc.)
Result<SigQueue*> sigqueue_alloc(const SigInfo& info, const Task& receiver);

// Frees an entry that has left its queue, or nullptr. An entry that belongs to a timer is only marked as not queued.
void sigqueue_free(SigQueue* entry);

// Returns an entry for `timer`, one of current's process, to send repeatedly; nullptr: no memory, or RLIMIT_SIGPENDING.
SigQueue* sigqueue_for_timer(PosixTimer& timer);

// Separates the entry from its timer, which is being deleted. The entry is freed now, or later when its signal is
// taken. Caller holds siglock.
void sigqueue_leave_timer(SigQueue& entry);

// Marks the signal of `info` as pending and queues `entry` (nullptr: it has no siginfo, or loses it). Caller holds siglock.
void sigqueue_append(SigPending& pending, const SigInfo& info, SigQueue* entry);

// Takes the oldest siginfo of `sig`, and removes `sig` from the pending set unless another siginfo of it is queued. If
// there is no siginfo, returns one with SI_KERNEL; if it was lost, with SI_USER and zeros, as Linux does. Caller holds siglock. (Linux: the same name.)
SigInfo collect_signal(SigPending& pending, s32 sig);

// Removes all signals of `set`. Caller holds siglock. (Linux: the same name.)
void flush_sigqueue_mask(SigPending& pending, u64 set);

// Removes all signals, when a thread or process is freed. (Linux: the same name.)
void flush_sigqueue(SigPending& pending);

} // namespace faultline
