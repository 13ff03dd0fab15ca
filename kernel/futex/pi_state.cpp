// FutexPiState: making, counting, changing hands.
#include "kernel/futex/pi.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

constinit KmemCache pi_state_cache("futex_pi_state", sizeof(FutexPiState), alignof(FutexPiState));

// Innermost of the futex locks: guards owners, their lists and who waits for what, across all buckets.
constinit SpinLock pi_lock;

constexpr u32 MAX_LOCK_DEPTH = 1024; // Linux: kernel.max_lock_depth. A longer chain counts as a deadlock

void set_owner(FutexPiState& state, Task* owner) {
    if (state.owner != nullptr) {
        FutexPiState** link = &state.owner->pi_states;
        while (*link != &state)
            link = &(*link)->next_owned;
        *link = state.next_owned;
    }
    state.owner = owner;
    if (owner != nullptr) {
        state.next_owned = owner->pi_states;
        owner->pi_states = &state;
    }
}

// The first waiter in the bucket for any lock that `owner` owns. FUTEX_WAITs on the same word, a program's
// mistake, are passed over. Caller holds bucket.lock.
FutexQ* first_waiter_of(FutexHashBucket& bucket, const Task& owner) {
    for (FutexQ& q : bucket.waiters)
        if (q.pi_state != nullptr && q.pi_state->owner == &owner)
            return &q;
    return nullptr;
}

} // namespace

Result<FutexPiState*> alloc_pi_state(const FutexKey& key, Task& owner) {
    auto* state = kmem_new<FutexPiState>(pi_state_cache);
    if (state == nullptr)
        return Err(Errno::NOMEM);
    state->key = key;
    state->waiters = 1;
    pi_state_update_owner(*state, &owner);
    return state;
}

void put_pi_state(FutexPiState& state) {
    if (--state.waiters != 0)
        return;
    pi_state_update_owner(state, nullptr);
    kmem_delete(pi_state_cache, &state);
}

void pi_state_update_owner(FutexPiState& state, Task* owner) {
    Guard lock(pi_lock);
    set_owner(state, owner);
}

bool pi_wait_would_deadlock(FutexPiState& state, FutexQ& q) {
    Guard lock(pi_lock);
    Task& waiter = *current();
    const FutexPiState* next = &state;
    for (u32 depth = 0; next != nullptr && next->owner != nullptr; ++depth) {
        if (next->owner == &waiter || depth == MAX_LOCK_DEPTH)
            return true;
        const auto* waits = static_cast<const FutexQ*>(next->owner->futex_waiter);
        next = waits != nullptr ? waits->pi_state : nullptr;
    }
    waiter.futex_waiter = &q;
    return false;
}

void pi_wait_ended(Task& task) {
    Guard lock(pi_lock);
    task.futex_waiter = nullptr;
}

void exit_pi_state_list(Task& task) {
    while (true) {
        FutexKey key;
        {
            Guard lock(pi_lock);
            if (task.pi_states == nullptr)
                return;
            key = task.pi_states->key;
        }
        // The bucket's lock is outside pi_lock: by the time it is ours the state may be another's, or gone.
        FutexHashBucket& bucket = futex_hash(key);
        Guard lock(bucket.lock);
        FutexQ* heir = first_waiter_of(bucket, task);
        if (heir == nullptr)
            continue;
        pi_state_update_owner(*heir->pi_state, nullptr);
        heir->pi_granted = true;
        wake_up_process(*heir->task);
    }
}

} // namespace faultline
