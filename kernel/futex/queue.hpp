// Waiters, and the hashed buckets they wait in.
//
// Lock order, outermost first: mmap lock (sleeps), page-table lock | bucket locks (two of them: lower address
// first), pi_lock (kernel/futex/pi.cpp). A bucket lock is never held while user memory may fault.
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
// read without it, and pi_link and pi_prio are pi_lock's.
struct FutexQ {
    ListHook chain;                                // FutexHashBucket::waiters
    Task* task;                                    // set by futex_queue
    s32 prio;                                      // its place there; MAX_RT_PRIO unless real-time; likewise
    std::atomic<FutexHashBucket*> bucket{nullptr}; // where it is queued; nullptr: nowhere, it was woken
    FutexKey key;                                  // changes when it is requeued
    u32 bitset = FUTEX_BITSET_MATCH_ANY;           // WAKE_BITSET wakes it if a bit is shared

    FutexPiState* pi_state = nullptr; // the lock that it waits for, if that is a PI one
    ListHook pi_link;                 // FutexPiState::waiters
    s32 pi_prio;                      // its place there, set by who puts it there
    bool pi_granted = false;          // the owner died: this waiter owns the lock and must say so in the word
    const FutexKey* requeue_pi_key = nullptr; // a WAIT_REQUEUE_PI's: the lock it may be moved to
};

struct FutexHashBucket {
    SpinLock lock;
    List<FutexQ, &FutexQ::chain> waiters; // of every key that hashes here; real-time ones first, by priority
};

// Once, at boot, before any futex call; again to start afresh (tests).
void futex_init();

FutexHashBucket& futex_hash(const FutexKey& key);

// Puts current into the bucket, behind its equals, and to sleep as soon as it calls the scheduler: the state changes
// here, under the lock that a waker needs, so no wake-up is lost between the check of the word and the sleep.
// Caller holds bucket.lock and has just checked the word. (Linux: set_current_state, futex_queue.)
void futex_queue(FutexQ& q, FutexHashBucket& bucket);

// Takes a waiter out of its bucket, for whatever reason but a wake-up. Caller holds the bucket's lock.
void futex_unqueue_locked(FutexQ& q);

// Takes current's own waiter out, wherever it has been requeued to; false if it had been woken already. After
// it returns nobody reaches `q` any more. (Linux: futex_unqueue.)
bool futex_unqueue(FutexQ& q);

// Takes a waiter out and makes its task runnable. Afterwards neither may be touched. Caller holds the
// bucket's lock. (Linux: futex_wake_mark, wake_up_q.)
void futex_wake_mark(FutexQ& q);

// Moves a waiter to another futex, behind its equals there; within one bucket it keeps its place. Caller
// holds both locks. (Linux: requeue_futex.)
void requeue_futex(FutexQ& q, FutexHashBucket& to, const FutexKey& key);

// The first waiter for `key`, or nullptr. Caller holds the bucket's lock. (Linux: futex_top_waiter.)
FutexQ* futex_top_waiter(FutexHashBucket& bucket, const FutexKey& key);

// Wakes waiters of `key` that share a bit with `bitset`, the most urgent first, until `nr_wake` are woken;
// but at least one, as Linux does for nr_wake <= 0. How many. INVAL: a waiter for a PI lock is among them
// (the lock can only be handed over). Caller holds the bucket's lock.
Result<u32> wake_waiters(FutexHashBucket& bucket, const FutexKey& key, s32 nr_wake, u32 bitset);

// Two buckets' locks, which may be one and the same, for a scope. (Linux: double_lock_hb.)
class [[nodiscard]] DoubleBucketGuard {
  public:
    DoubleBucketGuard(FutexHashBucket& one, FutexHashBucket& other)
        : first_(&one < &other ? one : other), second_(&one < &other ? other : one) {
        first_.lock.lock();
        if (&first_ != &second_)
            second_.lock.lock();
    }
    ~DoubleBucketGuard() {
        if (&first_ != &second_)
            second_.lock.unlock();
        first_.lock.unlock();
    }
    DoubleBucketGuard(const DoubleBucketGuard&) = delete;
    DoubleBucketGuard& operator=(const DoubleBucketGuard&) = delete;

  private:
    FutexHashBucket& first_;
    FutexHashBucket& second_;
};

} // namespace faultline
