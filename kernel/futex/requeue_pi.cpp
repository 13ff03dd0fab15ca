// FUTEX_WAIT_REQUEUE_PI and FUTEX_CMP_REQUEUE_PI: the waiters of a condition variable move to its mutex, a PI lock,
// without waking up in between. (Linux 6.1 kernel/futex/requeue.c.)
#include "arch/contract/uaccess.hpp"
#include "kernel/futex/fault_in.hpp"
#include "kernel/futex/livelock.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/futex/pi.hpp"
#include "kernel/futex/user_word.hpp"
#include "kernel/futex/wait.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

// What to move where, and how many waiters besides the first.
struct Requeue {
    UserAddr address1, address2;
    FutexKey key1, key2;
    s32 nr_requeue;
    u32 expected;
};

// What to do after an attempt.
struct Round {
    enum Next : u8 { Done, ReadSource, WriteTarget, WaitForExit, TryAgain } next = Done;
    Result<u32> result = 0u; // of the call, if `next` is Done
};

// A waiter of the source that did not come by WAIT_REQUEUE_PI, or that named another lock, is a mistake of the program.
bool may_be_moved(const FutexQ& q, const FutexKey& key2) {
    return q.requeue_pi_key != nullptr && q.pi_state == nullptr && *q.requeue_pi_key == key2;
}

// Makes one waiter of the source a waiter for the lock.
Result<void> requeue_pi(FutexQ& q, FutexHashBucket& from, FutexHashBucket& to, const FutexKey& key2,
                        FutexPiState& state) REQUIRES(from.lock, to.lock) {
    state.references.inc();
    if (const auto waits = pi_start_wait(q, state, to); !waits) {
        put_pi_state(state, to);
        return Err(waits.error());
    }
    requeue_futex(q, from, to, key2);
    return {};
}

// Moves waiters to `state`, the lock that all of them are to wait for. `done` waiters have been served already. Returns
// how many in all.
Result<u32> requeue_waiters(const Requeue& what, FutexHashBucket& from, FutexHashBucket& to, FutexPiState* state,
                            s32 done) REQUIRES(from.lock, to.lock) {
    for (auto it = from.waiters.begin(); it != from.waiters.end() && done - 1 < what.nr_requeue;) {
        FutexQ& q = *it++;
        if (q.key != what.key1)
            continue;
        if (!may_be_moved(q, what.key2))
            return Err(Errno::INVAL);
        TRY_VOID(requeue_pi(q, from, to, what.key2, *state));
        ++done;
    }
    return static_cast<u32>(done);
}

Round round_after(Errno error) {
    switch (error) {
    case Errno::FAULT:
        return {.next = Round::WriteTarget};
    case Errno::BUSY:
        return {.next = Round::WaitForExit};
    case Errno::AGAIN:
        return {.next = Round::TryAgain};
    default:
        return {.result = Err(error)};
    }
}

// One attempt. The first waiter gets the lock if it is free, and is woken only then; no other waiter is woken. If the
// attempt meets a fault, nothing has changed.
Round requeue_pi_locked(const Requeue& what) {
    FutexHashBucket& from = futex_hash(what.key1);
    FutexHashBucket& to = futex_hash(what.key2);
    const BothLocked locks(from.lock, to.lock);
    const auto value = futex_get_value_locked(what.address1);
    if (!value)
        return {.next = Round::ReadSource};
    if (value.value() != what.expected)
        return {.result = Err(Errno::AGAIN)};
    if (!futex_get_value_locked(what.address2))
        return {.next = Round::WriteTarget};

    FutexQ* top = futex_top_waiter(from, what.key1);
    if (top == nullptr)
        return {};
    if (!may_be_moved(*top, what.key2))
        return {.result = Err(Errno::INVAL)};
    const auto attempt =
        futex_lock_pi_atomic(what.address2, to, what.key2, *top->task, /*set_waiters=*/what.nr_requeue != 0);
    if (!attempt)
        return round_after(attempt.error());
    FutexPiState* const state = attempt.value().state;
    if (attempt.value().locked)
        futex_wake_mark(*top, from);
    Round round = {.result = requeue_waiters(what, from, to, state, attempt.value().locked ? 1 : 0)};
    if (state != nullptr)
        put_pi_state(*state, to);
    return round;
}

} // namespace

CountResult futex_cmp_requeue_pi(UserAddr address1, FutexScope scope, UserAddr address2, s32 nr_wake, s32 nr_requeue,
                                 u32 expected) {
    if (nr_requeue < 0 || address1 == address2 || nr_wake != 1)
        return Err(Errno::INVAL);
    Requeue what = {address1, address2, {}, {}, nr_requeue, expected};
    LivelockDetector source;
    LivelockDetector target;
    while (true) {
        const u32 exits = futex_exits();
        TRY_VOID(get_futex_key(address1, scope, FutexAccess::Read, what.key1));
        TRY_VOID(get_futex_key(address2, scope, FutexAccess::Write, what.key2));
        if (what.key1 == what.key2)
            return Err(Errno::INVAL);
        const Round round = requeue_pi_locked(what);
        switch (round.next) {
        case Round::Done:
            return round.result;
        case Round::ReadSource:
            TRY_VOID(prepare_next_attempt(source, "FUTEX_CMP_REQUEUE_PI", address1, FutexAccess::Read));
            break;
        case Round::WriteTarget:
            TRY_VOID(prepare_next_attempt(target, "FUTEX_CMP_REQUEUE_PI", address2, FutexAccess::Write));
            break;
        case Round::WaitForExit:
            wait_for_owner_exiting(exits);
            break;
        case Round::TryAgain:
            cond_resched();
            break;
        }
    }
}

// If the waiter wakes up before it was moved, the reason is a signal or the deadline: FUTEX_WAKE does not wake it.
CountResult futex_wait_requeue_pi(UserAddr address1, FutexScope scope, u32 value, Deadline deadline,
                                  UserAddr address2) {
    if (address1 == address2)
        return Err(Errno::INVAL);
    FutexKey key2;
    TRY_VOID(get_futex_key(address2, scope, FutexAccess::Write, key2));
    FutexQ q;
    q.requeue_pi_key = &key2;
    TRY_VOID(futex_wait_setup(address1, scope, value, q));
    return wait_for_pi_lock(address2, q, deadline);
}

} // namespace faultline
