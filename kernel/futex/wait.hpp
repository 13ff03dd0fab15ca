// How every wait for a plain futex begins: check the word and queue the waiter.
#pragma once

#include "kernel/futex/livelock.hpp"
#include "kernel/futex/queue.hpp"
#include "kernel/futex/user_word.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

// Queues `q`, whose key is set, if the word still has `value`. Both happen under the bucket's lock, and the wait is
// counted before. A waker changes the word first, looks at the count second and takes the lock third. So it finds the
// waiter in the bucket, or the waiter has seen the change. The caller holds no lock, and has made current's state
// Interruptible, as futex_queue says; after an error it sets the state back.
//
// FAULT: the word could not be read under the lock. AGAIN: it has another value. INVAL: for WAIT_REQUEUE_PI, the word is
// also that of the lock, at another address. This is checked before the waiter is queued, because a requeue may change
// its key afterwards.
[[gnu::always_inline]] inline Result<void> queue_if_equal(UserAddr address, u32 value, FutexQ& q) {
    FutexHashBucket& bucket = futex_hash(q.key);
    Guard lock(bucket.lock);
    const AboutToWait counted(bucket);
    if (TRY(futex_get_value_locked(address)) != value)
        return Err(Errno::AGAIN);
    if (q.requeue_pi_key != nullptr && *q.requeue_pi_key == q.key)
        return Err(Errno::INVAL);
    futex_queue(q, bucket);
    return {};
}

// The whole beginning of a wait: sets q.key and current's state, queues `q`, and serves the faults. The word is only
// read. So a plain user read, which serves its own fault, is the only repair, and this loop cannot hang on a clean or
// an old entry. AGAIN, INVAL: as above. Also the errors of get_futex_key. (Linux: futex_wait_setup.)
[[gnu::always_inline]] inline Result<void> futex_wait_setup(UserAddr address, FutexScope scope, u32 value, FutexQ& q) {
    LivelockDetector livelock;
    while (true) {
        TRY_VOID(get_futex_key(address, scope, FutexAccess::Read, q.key));
        current()->state = TaskState::Interruptible;
        const auto queued = queue_if_equal(address, value, q);
        if (queued.ok())
            return queued;
        current()->state = TaskState::Running;
        if (queued.error() != Errno::FAULT)
            return queued;
        TRY_VOID(prepare_next_attempt(livelock, "FUTEX_WAIT", address, FutexAccess::Read));
    }
}

} // namespace faultline
