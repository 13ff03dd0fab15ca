// Waiters, and the hash buckets they wait in.
//
// Lock order, outermost first (docs/locking.md): bucket locks (of two, the one at the lower address first),
// tasklist_lock, pi_lock (kernel/futex/pi_chain.cpp), the scheduler's locks. The mmap lock, a sleeping lock, is never
// taken inside these. Under a bucket's lock user memory is accessed only with page faults disabled: a fault there fails
// at once.
//
// A waker holds the bucket's lock, and clears the waiter's `bucket` as its last step. The waiter may be awake already
// for another reason. If it finds `bucket` set, it takes the same lock before it returns and its stack is reused. So a
// waker needs no reference to the task. (Linux wakes after it has released the lock, and takes a reference: wake_q.)
#pragma once

#include <atomic>
#include <bit>

#include <linux/futex.h>

#include "base/concurrency.hpp"
#include "base/intrusive.hpp"
#include "base/relaxed.hpp"
#include "base/spinlock.hpp"
#include "kernel/futex/key.hpp"
#include "kernel/sched/task.hpp"

namespace faultline {

struct FutexHashBucket;
struct FutexPiState; // kernel/futex/pi.hpp

// One waiting task. Lives on the task's stack. Guarded by the lock of the bucket it is queued in; `bucket` may be read
// without that lock, and pi_link is guarded by pi_lock.
struct FutexQ {
    ListHook chain; // FutexHashBucket::waiters
    Task* task;     // set by futex_queue
    s32 prio;       // also set there: the order in the bucket; MAX_RT_PRIO unless real-time
    std::atomic<FutexHashBucket*> bucket{nullptr}; // the bucket it is queued in; nullptr: none, it was woken
    FutexKey key;                                  // changes when it is requeued
    u32 bitset = FUTEX_BITSET_MATCH_ANY;           // FUTEX_WAKE_BITSET wakes it if a bit is shared

    FutexPiState* pi_state = nullptr; // the PI lock that it waits for, or nullptr
    ListHook pi_link;                 // FutexPiState::waiters
    s32 pi_prio GUARDED_BY(pi_lock);  // the order there
    bool pi_granted = false;          // the owner died: this waiter owns the lock, and must write that into the word
    const FutexKey* requeue_pi_key = nullptr; // for WAIT_REQUEUE_PI: the lock that it may be moved to
};

struct alignas(L1_CACHE_BYTES) FutexHashBucket { // on a cache line of its own
    SpinLock lock{"futex bucket"};
    List<FutexQ, &FutexQ::chain>
        waiters GUARDED_BY(lock); // of all keys that hash here; real-time ones first, by priority
    Relaxed<u32> nr_waiters = 0;  // how many, and the task that holds an AboutToWait; changed with the lock held
};

// A wait, or a requeue, that is about to read a word, and to put a waiter into the bucket if the word has the right value: it
// counts as a waiter there already. The caller holds the bucket's lock until the end of the scope. (Linux: hb_waiters_inc,
// hb_waiters_dec.)
class [[nodiscard]] AboutToWait {
  public:
    explicit AboutToWait(FutexHashBucket& bucket) : bucket_(bucket) {
        bucket_.nr_waiters = bucket_.nr_waiters + 1;
        std::atomic_thread_fence(std::memory_order_seq_cst); // before the word is read: see hb_waiters_pending()
    }
    ~AboutToWait() { bucket_.nr_waiters = bucket_.nr_waiters - 1; }
    AboutToWait(const AboutToWait&) = delete;
    AboutToWait& operator=(const AboutToWait&) = delete;

  private:
    FutexHashBucket& bucket_;
};

// Whether FUTEX_WAKE must look into the bucket; it needs no lock to ask. Its caller has changed the word before, and a wait or
// a requeue has counted itself before it reads the word. So either the waker sees the count, or the other sees the change.
// What queues without AboutToWait is woken only by those that take the lock: the waiters of PI locks. (Linux: the same name.)
inline bool hb_waiters_pending(const FutexHashBucket& bucket) {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    schedule_point("look for waiters");
    return bucket.nr_waiters != 0;
}

// Makes the table. Once, at boot, before any futex call; on the host once for each machine. There are 1024 buckets
// for each CPU, rounded up to a power of two, so that of a thousand waiters few share one; but the table takes at most
// 1/1024 of memory. (Linux has 256 for each: kernel/futex/core.c, futex_init.) Panics if there is no memory.
void futex_init(u32 cpus);
// The number of buckets.
u32 futex_nr_buckets();

// One bucket of all, by number: for whoever looks from outside.
FutexHashBucket& futex_bucket(u32 number);

struct FutexTable {
    FutexHashBucket* buckets;
    u32 shift; // a hash of 32 bits has the bucket's number in those that are left
};
extern constinit FutexTable futex_table; // set by futex_init()

// The bucket for waiters of `key`. Two words of one page, one word in two pages and one page of two objects differ in
// different bits of the sum; the multiplication carries each of them into the upper bits. (Linux: hash_32.)
inline FutexHashBucket& futex_hash(const FutexKey& key) {
    constexpr u32 GOLDEN_RATIO = 0x9e3779b1;
    const u32 sum = key.page + (u32{key.offset} << 20) + std::rotl(static_cast<u32>(key.object), 16);
    return futex_table.buckets[sum * GOLDEN_RATIO >> futex_table.shift];
}

// Puts current into the bucket, behind its equals. The caller has just checked the word under the same lock. It has
// made current's state Interruptible before any FutexQ of the task was queued, so no wake-up is lost between the check
// and the sleep. A task that waits for several words sets the state only once: queueing the second must not undo a
// wake-up through the first. (Linux: futex_queue.)
void futex_queue(FutexQ& q, FutexHashBucket& bucket) REQUIRES(bucket.lock);

// Takes a waiter out of its bucket without waking it.
void futex_unqueue_locked(FutexQ& q, FutexHashBucket& bucket) REQUIRES(bucket.lock);

// Takes current's own waiter out, even if it has been requeued. Returns false if it was woken already. Afterwards no
// other task can reach `q`. (Linux: futex_unqueue.)
bool futex_unqueue(FutexQ& q);

// Takes a waiter out and makes its task runnable. Afterwards neither may be touched. (Linux: futex_wake_mark, wake_up_q.)
void futex_wake_mark(FutexQ& q, FutexHashBucket& bucket) REQUIRES(bucket.lock);

// Moves a waiter to another futex, behind its equals there. Within one bucket it keeps its place. (Linux: requeue_futex.)
void requeue_futex(FutexQ& q, FutexHashBucket& from, FutexHashBucket& to, const FutexKey& key)
    REQUIRES(from.lock, to.lock);

// The first waiter for `key`, or nullptr. (Linux: futex_top_waiter.)
FutexQ* futex_top_waiter(FutexHashBucket& bucket, const FutexKey& key) REQUIRES(bucket.lock);

// Both wake up to `nr_wake` waiters of `key` that share a bit with `bitset`, the most urgent first; but at least one, as
// Linux does for nr_wake <= 0. Returns how many. INVAL: it met a waiter of a PI operation, whose lock can only be
// handed over; those before it have been woken. The second is quicker where there is none.
CountResult wake_matching(FutexHashBucket& bucket, const FutexKey& key, s32 nr_wake, u32 bitset) REQUIRES(bucket.lock);
inline CountResult wake_waiters(FutexHashBucket& bucket, const FutexKey& key, s32 nr_wake, u32 bitset)
    REQUIRES(bucket.lock) {
    if (bucket.waiters.empty())
        return 0;
    return wake_matching(bucket, key, nr_wake, bitset);
}

} // namespace faultline
