// The sleep of a task that waits for a PI lock, in FUTEX_LOCK_PI or FUTEX_WAIT_REQUEUE_PI, and what it does when it
// wakes up. (Linux 6.1 kernel/futex/pi.c, requeue.c.)
#include "kernel/futex/fault_in.hpp"
#include "kernel/futex/livelock.hpp"
#include "kernel/futex/pi.hpp"
#include "kernel/futex/user_word.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

namespace {

// The owner exited and left the lock to q: writes that into the word. One attempt. FAULT: the word was not accessible.
Result<void> write_new_owner(UserAddr address, FutexQ& q) {
    FutexHashBucket& bucket = futex_hash(q.key);
    Guard lock(bucket.lock);
    const u32 owner = static_cast<u32>(q.task->pid) | FUTEX_WAITERS | FUTEX_OWNER_DIED;
    u32 word = TRY(futex_get_value_locked(address));
    while (true) {
        const u32 found = TRY(futex_cmpxchg_value_locked(address, word, owner));
        if (found == word)
            break;
        word = found;
    }
    futex_unqueue_pi(q, bucket);
    return {};
}

// Repeats that until it is done. If the word cannot be written any more, the task still owns the lock in the kernel's
// records until it exits. (Linux: fixup_pi_state_owner.)
CountResult fixup_pi_owner(UserAddr address, FutexQ& q) {
    LivelockDetector livelock;
    while (true) {
        auto written = write_new_owner(address, q);
        if (written.ok())
            return 0;
        if (written.error() == Errno::FAULT)
            written = prepare_next_attempt(livelock, "FUTEX_LOCK_PI (taking over from a dead owner)", address,
                                           FutexAccess::Write);
        if (!written.ok()) {
            FutexHashBucket& bucket = futex_hash(q.key);
            Guard lock(bucket.lock);
            futex_unqueue_pi(q, bucket);
            return Err(written.error());
        }
    }
}

enum class Woken : u8 { Locked, Granted, GaveUp, Stray };

// Finds out what a wake-up means, under the lock of the bucket that q is in now. A WAIT_REQUEUE_PI may still be where
// it was first queued, or may already wait for the lock. (Linux: futex_requeue_pi_wakeup_sync.)
Woken look_around(FutexQ& q, bool in_time) {
    while (FutexHashBucket* bucket = q.bucket.load(std::memory_order_acquire)) {
        Guard lock(bucket->lock);
        if (q.bucket.load(std::memory_order_relaxed) != bucket)
            continue; // requeued, or given the lock, before this task had the bucket's lock
        if (q.pi_granted)
            return Woken::Granted;
        if (in_time && !signal_pending()) {
            current()->state = TaskState::Interruptible;
            return Woken::Stray;
        }
        if (q.pi_state != nullptr)
            futex_unqueue_pi(q, *bucket);
        else
            futex_unqueue_locked(q, *bucket);
        return Woken::GaveUp;
    }
    return Woken::Locked; // the task that gave it to us has written the word
}

} // namespace

CountResult wait_for_pi_lock(UserAddr address, FutexQ& q, Deadline deadline) {
    while (true) {
        const bool in_time = schedule_until(deadline);
        switch (look_around(q, in_time)) {
        case Woken::Locked:
            return 0;
        case Woken::Granted:
            return fixup_pi_owner(address, q);
        case Woken::GaveUp:
            if (!in_time)
                return Err(Errno::TIMEDOUT);
            return Err(q.requeue_pi_key != nullptr && q.pi_state != nullptr ? Errno::AGAIN : Errno::RESTARTNOINTR);
        case Woken::Stray:
            break;
        }
    }
}

} // namespace faultline
