// What the kernel knows of a priority-inheritance futex that somebody waits for. The word holds the owner's
// thread id; this is the same fact on the kernel's side, so that it survives the owner's exit. (Linux: struct
// futex_pi_state, whose rt_mutex is here the bucket's own queue: waiters get the lock in order of arrival,
// and nobody is boosted.)
#pragma once

#include "base/result.hpp"
#include "kernel/futex/queue.hpp"

namespace faultline {

// Exists while it has waiters. `waiters` is guarded by the bucket's lock, the rest by pi_lock, because a
// deadlock check follows owners from bucket to bucket.
struct FutexPiState {
    FutexKey key;
    u32 waiters = 0;
    Task* owner = nullptr; // nullptr: it died, and a waiter that was granted the lock has not said so yet
    FutexPiState* next_owned = nullptr; // Task::pi_states
};

// A new state for `key` with `owner` and one waiter, the caller. NOMEM. Caller holds the bucket's lock.
Result<FutexPiState*> alloc_pi_state(const FutexKey& key, Task& owner);

// One waiter fewer; the last one frees it. Caller holds the bucket's lock.
void put_pi_state(FutexPiState& state);

// Changes the owner, or with nullptr leaves it without. Caller holds the bucket's lock. (Linux:
// pi_state_update_owner.)
void pi_state_update_owner(FutexPiState& state, Task* owner);

// Whether `task` waiting for `state` would wait for itself, by way of any number of locks and owners; then
// true, else the wait is noted so that later checks find it. Caller holds the bucket's lock. (Linux: the
// rt_mutex chain walk.)
bool pi_wait_would_deadlock(FutexPiState& state, FutexQ& q);

// The wait noted above is over, however it ended. Caller holds the bucket's lock.
void pi_wait_ended(Task& task);

// Passes on every PI lock that `task`, exiting, leaves behind: the first waiter of each is granted it, and
// writes the word itself when it runs. (Linux 6.1: exit_pi_state_list.)
void exit_pi_state_list(Task& task);

// Sleeps, uninterruptibly, until some futex_exit() has ended; look again then. Caller has just seen a task
// with FutexState::Exiting and has not slept since. (Linux: wait_for_owner_exiting.)
void wait_for_owner_exiting();

void init_futex_exit(); // part of futex_init()

} // namespace faultline
