// What all waits for a plain futex begin with.
#pragma once

#include "kernel/futex/livelock.hpp"
#include "kernel/futex/queue.hpp"
#include "kernel/futex/user_word.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

// Queues `q`, whose key is set, if the word still has the value. Current's state is Interruptible already, as
// futex_queue says; after an error that is the caller's to undo. Both under the bucket's lock: a waker changes the word first and takes the lock second,
// so it either finds the waiter or made it see the change. FAULT: the word could not be read under the lock;
// AGAIN: it was another value; INVAL: it is the very lock that `q` may be moved to. Nothing of `q` may be looked at
// afterwards without its bucket's lock: it may have been moved. Caller holds no lock.
inline Result<void> queue_if_equal(UserAddr address, u32 value, FutexQ& q) {
    FutexHashBucket& bucket = futex_hash(q.key);
    Guard lock(bucket.lock);
    if (TRY(futex_get_value_locked(address)) != value)
        return Err(Errno::AGAIN);
    if (q.requeue_pi_key != nullptr && *q.requeue_pi_key == q.key) // one word, perhaps at two addresses
        return Err(Errno::INVAL);
    futex_queue(q, bucket);
    return {};
}

// The same from the beginning: sets q.key, and serves the faults. The word is only read, so a plain user
// read, which serves its own fault, is all the repair there is: this loop cannot hang on a clean or an old
// entry. AGAIN, INVAL, and the errors of get_futex_key. (Linux: futex_wait_setup.)
inline Result<void> futex_wait_setup(UserAddr address, FutexScope scope, u32 value, FutexQ& q) {
    LivelockDetector livelock("FUTEX_WAIT", address, FutexAccess::Read);
    while (true) {
        q.key = TRY(get_futex_key(address, scope, FutexAccess::Read));
        current()->state = TaskState::Interruptible;
        const auto queued = queue_if_equal(address, value, q);
        if (queued.ok())
            return queued;
        current()->state = TaskState::Running;
        if (queued.error() != Errno::FAULT)
            return queued;
        TRY(get_user_u32(address));
        livelock.round();
    }
}

} // namespace faultline
