// Waiters, and the hashed buckets they wait in.
//
// Lock order, outermost first (docs/locking.md): mmap lock (sleeps) | bucket locks (two of them: lower address first),
// tasklist_lock, pi_lock (kernel/futex/pi_chain.cpp), the scheduler's. Under a bucket's lock user memory is touched only
// with page faults disabled: a fault there fails at once.
//
// A waiter is woken with its bucket's lock held, and its FutexQ is not touched after that: the task, which may be awake
// for another reason already, takes that lock before it returns and its stack is used again. So a waker needs no
// reference to the task. (Linux wakes after unlocking, and takes one: wake_q.)
#pragma once

#include <atomic>

#include <linux/futex.h>

#include "base/intrusive.hpp"
#include "base/spinlock.hpp"
#include "kernel/futex/key.hpp"
#include "kernel/sched/task.hpp"

namespace faultline {

struct FutexHashBucket;
struct FutexPiState; // kernel/futex/pi.hpp

// One waiting task; lives on its stack. Guarded by the lock of the bucket it is queued in; `bucket` may be
// read without it, and pi_link is pi_lock's.
struct FutexQ {
    ListHook chain;                                // FutexHashBucket::waiters
    Task* task;                                    // set by futex_queue
    s32 prio;                                      // its place there; MAX_RT_PRIO unless real-time; likewise
    std::atomic<FutexHashBucket*> bucket{nullptr}; // where it is queued; nullptr: nowhere, it was woken
    FutexKey key;                                  // changes when it is requeued
    u32 bitset = FUTEX_BITSET_MATCH_ANY;           // WAKE_BITSET wakes it if a bit is shared

    FutexPiState* pi_state = nullptr;         // the lock that it waits for, if that is a PI one
    ListHook pi_link;                         // FutexPiState::waiters
    s32 pi_prio GUARDED_BY(pi_lock);          // its place there, set by who puts it there
    bool pi_granted = false;                  // the owner died: this waiter owns the lock and must say so in the word
    const FutexKey* requeue_pi_key = nullptr; // a WAIT_REQUEUE_PI's: the lock it may be moved to
};

struct alignas(64) FutexHashBucket { // a cache line of its own
    SpinLock lock{"futex bucket"};
    // Of every key that hashes here; real-time ones first, by priority.
    List<FutexQ, &FutexQ::chain> waiters GUARDED_BY(lock);
};

// Once, at boot, before any futex call, for so many CPUs: makes 256 buckets for each, as Linux does, rounded up to a power
// of two (kernel/futex/core.c, futex_init); but no more than take a 1024th of memory. Panics if there is not even
// that much. On the host once for each machine.
void futex_init(u32 cpus);
u32 futex_nr_buckets();

FutexHashBucket& futex_hash(const FutexKey& key);

// Puts current into the bucket, behind its equals. Caller has just checked the word under its lock, and has made current's
// state Interruptible *before* it could be woken through any FutexQ: so no wake-up is lost between the check
// and the sleep. Only once for several: a wake-up through the first must not be undone. (Linux: futex_queue.)
void futex_queue(FutexQ& q, FutexHashBucket& bucket) REQUIRES(bucket.lock);

// Takes a waiter out of its bucket, for whatever reason but a wake-up.
void futex_unqueue_locked(FutexQ& q, FutexHashBucket& bucket) REQUIRES(bucket.lock);

// Takes current's own waiter out, wherever it has been requeued to; false if it had been woken already. After
// it returns nobody reaches `q` any more. (Linux: futex_unqueue.)
bool futex_unqueue(FutexQ& q);

// Takes a waiter out of its bucket and makes its task runnable. Afterwards neither may be touched. (Linux:
// futex_wake_mark, wake_up_q.)
void futex_wake_mark(FutexQ& q, FutexHashBucket& bucket) REQUIRES(bucket.lock);

// Moves a waiter to another futex, behind its equals there; within one bucket it keeps its place. (Linux:
// requeue_futex.)
void requeue_futex(FutexQ& q, FutexHashBucket& from, FutexHashBucket& to, const FutexKey& key)
    REQUIRES(from.lock, to.lock);

// The first waiter for `key`, or nullptr. (Linux: futex_top_waiter.)
FutexQ* futex_top_waiter(FutexHashBucket& bucket, const FutexKey& key) REQUIRES(bucket.lock);

// Wakes waiters of `key` that share a bit with `bitset`, the most urgent first, until `nr_wake` are woken;
// but at least one, as Linux does for nr_wake <= 0. How many. INVAL: a waiter for a PI lock is among them
// (the lock can only be handed over).
Result<u32> wake_waiters(FutexHashBucket& bucket, const FutexKey& key, s32 nr_wake, u32 bitset) REQUIRES(bucket.lock);

} // namespace faultline
