// FUTEX_LOCK_PI, FUTEX_LOCK_PI2 and FUTEX_TRYLOCK_PI. (Linux 6.1 kernel/futex/pi.c.)
#include "kernel/futex/fault_in.hpp"
#include "kernel/futex/livelock.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/futex/pi.hpp"
#include "kernel/futex/supplied.hpp"
#include "kernel/futex/user_word.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

u32 tid_of(const Task& task) { return static_cast<u32>(task.pid); }

// Makes the word `desired` if it still is `seen`; AGAIN if not. (Linux: lock_pi_update_atomic.)
Result<void> lock_pi_update_atomic(UserAddr address, u32 seen, u32 desired) {
    if (TRY(futex_cmpxchg_value_locked(address, seen, desired)) != seen)
        return Err(Errno::AGAIN);
    return {};
}

// Joins those who wait already, if the word and the kernel agree on who owns the lock. The word is read
// again, never written. (Linux: attach_to_pi_state.)
Result<void> attach_to_pi_state(UserAddr address, u32 word, FutexPiState* state, FutexQ& q) {
    if (state == nullptr) // the waiter is a FUTEX_WAIT's
        return Err(Errno::INVAL);
    if (TRY(futex_get_value_locked(address)) != word)
        return Err(Errno::AGAIN);
    const u32 tid = word & FUTEX_TID_MASK;
    const bool died = (word & FUTEX_OWNER_DIED) != 0;
    if (state->owner == nullptr) {
        // Only an exited owner leaves a lock without one, and its robust list cleared the id.
        if (!died || tid != 0)
            return Err(Errno::INVAL);
    } else if (!(died && tid == 0) && tid != tid_of(*state->owner)) {
        return Err(Errno::INVAL);
    }
    ++state->waiters;
    q.pi_state = state;
    return {};
}

// The word names a task that is gone or going. BUSY: it is going, wait; AGAIN: the word has changed
// meanwhile; SRCH: it has not, and nobody will ever unlock. (Linux: handle_exit_race.)
Result<void> handle_exit_race(UserAddr address, u32 word, const Task* owner) {
    if (owner != nullptr && owner->futex_state == FutexState::Exiting)
        return Err(Errno::BUSY);
    if (TRY(futex_get_value_locked(address)) != word)
        return Err(Errno::AGAIN);
    return Err(Errno::SRCH);
}

// First to wait: makes the kernel's side of the lock for the owner that the word names. (Linux:
// attach_to_pi_owner.)
Result<void> attach_to_pi_owner(UserAddr address, u32 word, FutexQ& q) {
    Task* owner = find_task_by_vpid(static_cast<s32>(word & FUTEX_TID_MASK));
    if (owner == nullptr)
        return handle_exit_race(address, word, nullptr);
    if (owner->kernel_task)
        return Err(Errno::PERM);
    if (owner->futex_state != FutexState::Ok)
        return handle_exit_race(address, word, owner);
    q.pi_state = TRY(alloc_pi_state(q.key, *owner));
    return {};
}

// True: the lock is the caller's. False: it has an owner, to whose waiters q now counts, not yet queued.
// FAULT: the word could not be read or written under the bucket's lock, which the caller holds. (Linux:
// futex_lock_pi_atomic.)
Result<bool> futex_lock_pi_atomic(UserAddr address, FutexHashBucket& bucket, FutexQ& q) {
    const u32 self = tid_of(*current());
    const u32 word = TRY(futex_get_value_locked(address));
    if ((word & FUTEX_TID_MASK) == self)
        return Err(Errno::DEADLK);
    if (const FutexQ* top = futex_top_waiter(bucket, q.key)) {
        TRY_VOID(attach_to_pi_state(address, word, top->pi_state, q));
        return false;
    }
    if ((word & FUTEX_TID_MASK) == 0) {
        TRY_VOID(lock_pi_update_atomic(address, word, (word & FUTEX_OWNER_DIED) | self));
        return true;
    }
    TRY_VOID(lock_pi_update_atomic(address, word, word | FUTEX_WAITERS));
    TRY_VOID(attach_to_pi_owner(address, word | FUTEX_WAITERS, q));
    return false;
}

enum class Attempt : u8 { Locked, Queued, WouldBlock };

// One attempt. On any error q is nowhere, and counts to nobody's waiters.
Result<Attempt> try_lock_or_queue(UserAddr address, FutexQ& q, bool trylock) {
    FutexHashBucket& bucket = futex_hash(q.key);
    Guard lock(bucket.lock);
    if (TRY(futex_lock_pi_atomic(address, bucket, q)))
        return Attempt::Locked;
    if (trylock) {
        put_pi_state(*q.pi_state);
        return Attempt::WouldBlock;
    }
    if (pi_wait_would_deadlock(*q.pi_state, q)) {
        put_pi_state(*q.pi_state);
        return Err(Errno::DEADLK);
    }
    futex_queue(q, bucket);
    return Attempt::Queued;
}

// Takes a waiter out that did not get the lock by FUTEX_UNLOCK_PI. Caller holds the bucket's lock.
// (futex_unqueue_pi.)
void unqueue_pi(FutexQ& q) {
    futex_unqueue_locked(q);
    pi_wait_ended(*q.task);
    put_pi_state(*q.pi_state);
}

// The owner exited and left the lock to q: the word must say so. One attempt; FAULT as always.
Result<void> write_new_owner(UserAddr address, FutexQ& q) {
    Guard lock(futex_hash(q.key).lock);
    const u32 owner = tid_of(*current()) | FUTEX_WAITERS | FUTEX_OWNER_DIED;
    u32 word = TRY(futex_get_value_locked(address));
    while (true) {
        const u32 found = TRY(futex_cmpxchg_value_locked(address, word, owner));
        if (found == word)
            break;
        word = found;
    }
    pi_state_update_owner(*q.pi_state, current());
    unqueue_pi(q);
    return {};
}

// The same until it is done. If the word cannot be written any more the lock is ours nevertheless, in the
// kernel's books, until we exit. (Linux: fixup_pi_state_owner.)
Result<u32> fixup_pi_owner(UserAddr address, FutexQ& q) {
    LivelockDetector livelock("FUTEX_LOCK_PI (taking over from a dead owner)", address, FutexAccess::Write);
    while (true) {
        auto written = write_new_owner(address, q);
        if (written.ok())
            return 0;
        if (written.error() == Errno::FAULT)
            written = fault_in_user_writeable(address);
        if (!written.ok()) {
            Guard lock(futex_hash(q.key).lock);
            pi_state_update_owner(*q.pi_state, current());
            unqueue_pi(q);
            return Err(written.error());
        }
        livelock.round();
    }
}

// Sleeps, queued, until the lock is ours or there is a reason to give up.
Result<u32> wait_for_pi_lock(UserAddr address, FutexQ& q, u64 deadline) {
    FutexHashBucket& bucket = futex_hash(q.key); // PI waiters are not requeued
    while (true) {
        const bool in_time = schedule_until(deadline);
        if (Guard lock(bucket.lock); !q.pi_granted) {
            if (q.bucket.load(std::memory_order_relaxed) == nullptr)
                return 0; // FUTEX_UNLOCK_PI gave us the lock, word and all
            if (!in_time || signal_pending()) {
                unqueue_pi(q);
                return Err(in_time ? Errno::RESTARTNOINTR : Errno::TIMEDOUT);
            }
            current()->state = TaskState::Interruptible;
            continue;
        }
        return fixup_pi_owner(address, q);
    }
}

} // namespace

Result<u32> futex_lock_pi(UserAddr address, FutexScope scope, u64 deadline, bool trylock) {
    LivelockDetector livelock(trylock ? "FUTEX_TRYLOCK_PI" : "FUTEX_LOCK_PI", address, FutexAccess::Write);
    while (true) {
        FutexQ q;
        q.key = TRY(get_futex_key(address, scope, FutexAccess::Write));
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
            TRY_VOID(fault_in_user_writeable(address));
            livelock.round();
            break;
        case Errno::BUSY: // an owner that is exiting
            wait_for_owner_exiting();
            break;
        case Errno::AGAIN: // the word changed between two looks
            cond_resched();
            break;
        default:
            return Err(attempt.error());
        }
    }
}

} // namespace faultline
