// An attempt on a PI lock, under its bucket's lock: the word is changed, or the kernel's side of it joined or
// made. (Linux 6.1 kernel/futex/pi.c.)
#include "kernel/futex/pi.hpp"
#include "kernel/futex/user_word.hpp"
#include "kernel/upcalls.hpp"

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
Result<FutexPiState*> attach_to_pi_state(UserAddr address, u32 word, FutexPiState* state) {
    if (state == nullptr) // the waiter is a FUTEX_WAIT's
        return Err(Errno::INVAL);
    if (TRY(futex_get_value_locked(address)) != word)
        return Err(Errno::AGAIN);
    // A dead owner's robust list clears the id; the heir has not written its own yet.
    const u32 tid = word & FUTEX_TID_MASK;
    const bool died = (word & FUTEX_OWNER_DIED) != 0;
    if (!(died && tid == 0) && tid != tid_of(*state->owner))
        return Err(Errno::INVAL);
    state->references.inc();
    return state;
}

// The word names a task that is gone or going. BUSY: it is going, wait; AGAIN: the word has changed
// meanwhile; SRCH: it has not, and nobody will ever unlock; FAULT. (Linux: handle_exit_race.)
Errno handle_exit_race(UserAddr address, u32 word, const Task* owner) {
    if (owner != nullptr && pi_futex_state(*owner) == FutexState::Exiting)
        return Errno::BUSY;
    const auto now = futex_get_value_locked(address);
    if (!now)
        return now.error();
    return now.value() != word ? Errno::AGAIN : Errno::SRCH;
}

// First to wait: makes the kernel's side of the lock for the owner that the word names. (Linux:
// attach_to_pi_owner.)
Result<FutexPiState*> attach_to_pi_owner(UserAddr address, u32 word, const FutexKey& key) {
    FutexPiState* state = TRY(alloc_pi_state(key));
    const auto refuse = [state](Errno error) {
        put_pi_state(*state);
        return Err(error);
    };
    const Guard tasks(tasklist_lock); // the owner, who is not ours, stays until he knows of the state
    Task* owner = find_task_by_vpid(static_cast<s32>(word & FUTEX_TID_MASK));
    if (owner == nullptr)
        return refuse(handle_exit_race(address, word, nullptr));
    if (owner->kernel_task)
        return refuse(Errno::PERM);
    if (!pi_set_owner_unless_exiting(*state, *owner))
        return refuse(handle_exit_race(address, word, owner));
    // Or it has left all its locks since the word was read, and goes on as another program: execve.
    const auto now = futex_get_value_locked(address);
    if (!now || now.value() != word)
        return refuse(now ? Errno::AGAIN : now.error());
    return state;
}

// The lock is free: it is `task`'s, and what the word says of a dead owner stays.
Result<PiAttempt> take_free_lock(UserAddr address, u32 word, const FutexKey& key, Task& task, bool set_waiters) {
    const u32 mine = (word & FUTEX_OWNER_DIED) | tid_of(task);
    if (!set_waiters) {
        TRY_VOID(lock_pi_update_atomic(address, word, mine));
        return PiAttempt{.locked = true};
    }
    FutexPiState* state = TRY(alloc_pi_state(key)); // first: of a word once written nothing is undone
    pi_set_owner(*state, &task);
    if (const auto updated = lock_pi_update_atomic(address, word, mine | FUTEX_WAITERS); !updated) {
        put_pi_state(*state);
        return Err(updated.error());
    }
    return PiAttempt{.locked = true, .state = state};
}

} // namespace

Result<PiAttempt> futex_lock_pi_atomic(UserAddr address, FutexHashBucket& bucket, const FutexKey& key, Task& task,
                                       bool set_waiters) {
    const u32 word = TRY(futex_get_value_locked(address));
    if ((word & FUTEX_TID_MASK) == tid_of(task))
        return Err(Errno::DEADLK);
    if (const FutexQ* top = futex_top_waiter(bucket, key))
        return PiAttempt{.state = TRY(attach_to_pi_state(address, word, top->pi_state))};
    if ((word & FUTEX_TID_MASK) == 0)
        return take_free_lock(address, word, key, task, set_waiters);
    TRY_VOID(lock_pi_update_atomic(address, word, word | FUTEX_WAITERS));
    return PiAttempt{.state = TRY(attach_to_pi_owner(address, word | FUTEX_WAITERS, key))};
}

} // namespace faultline
