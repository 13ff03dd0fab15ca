// FutexPiState: how one is created and freed, and what happens to the locks of a task that exits.
#include "kernel/futex/pi.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

constinit KmemCache pi_state_cache("futex_pi_state", sizeof(FutexPiState), alignof(FutexPiState));

} // namespace

Result<FutexPiState*> alloc_pi_state(const FutexKey& key) {
    auto* state = kmem_new<FutexPiState>(pi_state_cache);
    if (state == nullptr)
        return Err(Errno::NOMEM);
    state->key = key;
    return state;
}

void put_pi_state(FutexPiState& state, FutexHashBucket& bucket) {
    if (!state.references.dec_and_test())
        return;
    pi_set_owner(state, nullptr, bucket);
    kmem_delete(pi_state_cache, &state);
}

void futex_unqueue_pi(FutexQ& q, FutexHashBucket& bucket) {
    futex_unqueue_locked(q, bucket);
    if (!q.pi_granted)
        pi_stop_wait(q, bucket);
    put_pi_state(*q.pi_state, bucket);
}

void exit_pi_state_list(Task& task) {
    while (FutexHashBucket* bucket = pi_some_bucket_of(task)) {
        Guard lock(bucket->lock);
        FutexPiState* state = pi_state_in(*bucket, task);
        if (state == nullptr)
            continue; // its last waiter gave up before this task had the bucket's lock
        FutexQ* heir = pi_first_waiter(*state, *bucket);
        if (heir == nullptr) {
            pi_set_owner(*state, nullptr, *bucket);
            continue;
        }
        pi_hand_over(*state, *heir, *bucket);
        heir->pi_granted = true;
        wake_up_process(*heir->task);
    }
}

} // namespace faultline
