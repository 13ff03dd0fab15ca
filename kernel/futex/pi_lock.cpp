// FUTEX_LOCK_PI, FUTEX_LOCK_PI2 and FUTEX_TRYLOCK_PI. (Linux 6.1 kernel/futex/pi.c.)
#include "kernel/futex/fault_in.hpp"
#include "kernel/futex/livelock.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/futex/pi.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

enum class Attempt : u8 { Locked, Queued, WouldBlock };

// One attempt. After an error `q` is in no queue, and is not a waiter of any lock.
Result<Attempt> try_lock_or_queue(UserAddr address, FutexQ& q, bool trylock) {
    FutexHashBucket& bucket = futex_hash(q.key);
    Guard lock(bucket.lock);
    const PiAttempt attempt = TRY(futex_lock_pi_atomic(address, bucket, q.key, *current(), false));
    if (attempt.locked)
        return Attempt::Locked;
    if (trylock) {
        put_pi_state(*attempt.state, bucket);
        return Attempt::WouldBlock;
    }
    current()->state = TaskState::Interruptible;
    futex_queue(q, bucket);
    if (const auto waits = pi_start_wait(q, *attempt.state, bucket); !waits) {
        futex_unqueue_locked(q, bucket);
        current()->state = TaskState::Running;
        put_pi_state(*attempt.state, bucket);
        return Err(waits.error());
    }
    return Attempt::Queued;
}

} // namespace

CountResult futex_lock_pi(UserAddr address, FutexScope scope, Deadline deadline, bool trylock) {
    LivelockDetector livelock;
    while (true) {
        const u32 exits = futex_exits();
        FutexQ q;
        TRY_VOID(get_futex_key(address, scope, FutexAccess::Write, q.key));
        const auto attempt = try_lock_or_queue(address, q, trylock);
        if (attempt.ok()) {
            if (attempt.value() == Attempt::Queued)
                return wait_for_pi_lock(address, q, deadline);
            if (attempt.value() == Attempt::WouldBlock)
                return Err(Errno::AGAIN);
            return 0;
        }
        switch (attempt.error()) {
        case Errno::FAULT:
            TRY_VOID(prepare_next_attempt(livelock, trylock ? "FUTEX_TRYLOCK_PI" : "FUTEX_LOCK_PI", address,
                                          FutexAccess::Write));
            break;
        case Errno::BUSY: // the owner is exiting
            wait_for_owner_exiting(exits);
            break;
        case Errno::AGAIN: // the word changed between two reads
            cond_resched();
            break;
        default:
            return Err(attempt.error());
        }
    }
}

} // namespace faultline
