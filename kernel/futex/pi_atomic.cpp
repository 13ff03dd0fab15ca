// One attempt to take a PI lock, under its bucket's lock: it changes the word, or joins or creates the kernel's record
// of the lock. (Linux 6.1 kernel/futex/pi.c.)
#include "kernel/futex/pi.hpp"
#include "kernel/futex/user_word.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

namespace {

u32 tid_of(const Task& task) { return static_cast<u32>(task.pid); }

// Changes the word from `seen` to `desired`. AGAIN: it is no longer `seen`. (Linux: the same name.)
Result<void> lock_pi_update_atomic(UserAddr address, u32 seen, u32 desired) {
    if (TRY(futex_cmpxchg_value_locked(address, seen, desired)) != seen)
        return Err(Errno::AGAIN);
    return {};
}

// Joins the tasks that wait already, if the word and the kernel agree on the owner. The word is read again, and not
// written. (Linux: the same name.)
Result<FutexPiState*> attach_to_pi_state(UserAddr address, u32 word, FutexPiState* state) {
    if (state == nullptr) // the waiter came by FUTEX_WAIT
        return Err(Errno::INVAL);
    if (TRY(futex_get_value_locked(address)) != word)
        return Err(Errno::AGAIN);
    // The walk of a dead owner's robust list clears the id. The heir has not written its own yet.
    const u32 tid = word & FUTEX_TID_MASK;
    const bool died = (word & FUTEX_OWNER_DIED) != 0;
    if (!(died && tid == 0) && tid != tid_of(*state->owner))
        return Err(Errno::INVAL);
    state->references.inc();
    return state;
}

// The word names a task that has exited or is exiting. BUSY: it is exiting, so wait. AGAIN: the word has changed
// meanwhile. SRCH: the word is the same, and no task will ever unlock it. FAULT. (Linux: the same name.)
Errno handle_exit_race(UserAddr address, u32 word, const Task* owner) {
    if (owner != nullptr && pi_futex_state(*owner) == FutexState::Exiting)
        return Errno::BUSY;
    const auto now = futex_get_value_locked(address);
    if (!now)
        return now.error();
    return now.value() != word ? Errno::AGAIN : Errno::SRCH;
}

// For the first waiter: creates the kernel's record of the lock for the owner that the word names. (Linux: the same
// name.)
Result<FutexPiState*> attach_to_pi_owner(UserAddr address, u32 word, const FutexKey& key, FutexHashBucket& bucket)
    REQUIRES(bucket.lock) {
    FutexPiState* state = TRY(alloc_pi_state(key));
    const auto refuse = [state, &bucket](Errno error) REQUIRES(bucket.lock) {
        put_pi_state(*state, bucket);
        return Err(error);
    };
    const Guard tasks(tasklist_lock); // the owner is not freed before the state is on its list
    Task* owner = find_task_by_vpid(static_cast<s32>(word & FUTEX_TID_MASK));
    if (owner == nullptr)
        return refuse(handle_exit_race(address, word, nullptr));
    if (owner->kernel_task)
        return refuse(Errno::PERM);
    if (!pi_set_owner_unless_exiting(*state, *owner, bucket))
        return refuse(handle_exit_race(address, word, owner));
    // The owner may have called execve since the word was read. It has then left all its locks, and the word has
    // changed.
    const auto now = futex_get_value_locked(address);
    if (!now || now.value() != word)
        return refuse(now ? Errno::AGAIN : now.error());
    return state;
}

// Takes a free lock for `task`. FUTEX_OWNER_DIED stays in the word.
Result<PiAttempt> take_free_lock(UserAddr address, FutexHashBucket& bucket, u32 word, const FutexKey& key, Task& task,
                                 bool set_waiters) REQUIRES(bucket.lock) {
    const u32 mine = (word & FUTEX_OWNER_DIED) | tid_of(task);
    if (!set_waiters) {
        TRY_VOID(lock_pi_update_atomic(address, word, mine));
        return PiAttempt{.locked = true};
    }
    // First, because a change of the word cannot be undone.
    FutexPiState* state = TRY(alloc_pi_state(key));
    pi_set_owner(*state, &task, bucket);
    if (const auto updated = lock_pi_update_atomic(address, word, mine | FUTEX_WAITERS); !updated) {
        put_pi_state(*state, bucket);
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
        return take_free_lock(address, bucket, word, key, task, set_waiters);
    TRY_VOID(lock_pi_update_atomic(address, word, word | FUTEX_WAITERS));
    return PiAttempt{.state = TRY(attach_to_pi_owner(address, word | FUTEX_WAITERS, key, bucket))};
}

} // namespace faultline
