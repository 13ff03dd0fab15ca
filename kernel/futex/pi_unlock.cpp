// FUTEX_UNLOCK_PI: the owner gives the lock to the first waiter, or frees the word. (Linux 6.1 kernel/futex/pi.c.)
#include "arch/contract/uaccess.hpp"
#include "kernel/futex/fault_in.hpp"
#include "kernel/futex/livelock.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/futex/pi.hpp"
#include "kernel/futex/user_word.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

namespace {

enum class Unlock : u8 { Done, Retry };

// Changes the word, then the kernel's record, then wakes the new owner. If the word cannot be written, nothing has
// changed. WAITERS stays set even if no waiter is left, so that the new owner unlocks through the kernel. (Linux: the
// same name.)
Result<Unlock> wake_futex_pi(UserAddr address, u32 word, FutexPiState& state, FutexHashBucket& bucket)
    REQUIRES(bucket.lock) {
    FutexQ& heir = *pi_first_waiter(state, bucket); // the caller found one in the bucket
    const u32 found = TRY(futex_cmpxchg_value_locked(address, word, static_cast<u32>(heir.task->pid) | FUTEX_WAITERS));
    if (found != word) {
        // A waiter may have set WAITERS since the word was read. Any other change was not made by the owner.
        if ((found & FUTEX_TID_MASK) == word)
            return Unlock::Retry;
        return Err(Errno::INVAL);
    }
    pi_hand_over(state, heir, bucket); // the task that the word names, even if another is more urgent by now
    put_pi_state(state, bucket);
    futex_wake_mark(heir, bucket);
    return Unlock::Done;
}

// One attempt. `word` is what was read before. FAULT: it could not be written under the lock, and nothing has changed.
inline Result<Unlock> unlock_pi_locked(UserAddr address, u32 word, const FutexKey& key) {
    FutexHashBucket& bucket = futex_hash(key);
    Guard lock(bucket.lock);
    if (const FutexQ* top = futex_top_waiter(bucket, key)) {
        if (top->pi_state == nullptr || top->pi_state->owner != current())
            return Err(Errno::INVAL);
        return wake_futex_pi(address, word, *top->pi_state, bucket);
    }
    if (TRY(futex_cmpxchg_value_locked(address, word, 0)) != word)
        return Err(Errno::AGAIN);
    return Unlock::Done;
}

// A misaligned word is read like any other, and refused only afterwards.
Result<u32> read_word(UserAddr address) {
    if (address.value() % sizeof(u32) == 0) [[likely]]
        return get_user_u32(address);
    u32 word = 0;
    TRY_VOID(copy_struct_from_user(&word, address, sizeof word));
    return word;
}

} // namespace

CountResult futex_unlock_pi(UserAddr address, FutexScope scope) {
    LivelockDetector livelock;
    while (true) {
        const u32 word = TRY(read_word(address));
        if ((word & FUTEX_TID_MASK) != static_cast<u32>(current()->pid))
            return Err(Errno::PERM);
        FutexKey key;
        TRY_VOID(get_futex_key(address, scope, FutexAccess::Write, key));
        const auto unlocked = unlock_pi_locked(address, word, key);
        if (unlocked.ok() && unlocked.value() == Unlock::Done)
            return 0;
        if (unlocked.ok()) {
            cond_resched();
        } else if (unlocked.error() == Errno::FAULT) {
            TRY_VOID(prepare_next_attempt(livelock, "FUTEX_UNLOCK_PI", address, FutexAccess::Write));
        } else {
            return Err(unlocked.error());
        }
    }
}

} // namespace faultline
