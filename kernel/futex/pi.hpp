// What the kernel knows of a priority-inheritance futex that somebody waits for. The word holds the owner's
// thread id; this is the same fact on the kernel's side, so that it survives the owner's exit, and so that
// the owner can be lent the priority of those who wait. (Linux: struct futex_pi_state and its rt_mutex. There
// the lock is up for grabs between unlock and wake-up; here it is handed over.)
#pragma once

#include "base/refcount.hpp"
#include "base/result.hpp"
#include "kernel/futex/queue.hpp"
#include "kernel/futex/supplied.hpp"
#include "kernel/sched/timer.hpp"

namespace faultline {

// Exists while somebody waits. Made, found and freed under the bucket's lock; the rest is guarded by pi_lock, because
// priorities are lent along chains of locks, from bucket to bucket. `bucket`, of the functions below, is that of the key.
struct FutexPiState {
    FutexKey key;
    Refcount references{1};                                 // waiters, and whoever is about to become one
    Task* owner = nullptr;                                  // changes with both locks held: either will do to read it
    FutexPiState* next_owned GUARDED_BY(pi_lock) = nullptr; // Task::pi_states
    List<FutexQ, &FutexQ::pi_link> waiters GUARDED_BY(pi_lock); // the most urgent first; equals in order of arrival
};

// --- the states (pi_state.cpp) ---

// A new state for `key` with one reference, and no owner yet. NOMEM.
Result<FutexPiState*> alloc_pi_state(const FutexKey& key);

// One reference fewer; the last one frees it.
void put_pi_state(FutexPiState& state, FutexHashBucket& bucket) REQUIRES(bucket.lock);

// Takes a waiter out that gets the lock, or gives up waiting for it. (Linux: futex_unqueue_pi.)
void futex_unqueue_pi(FutexQ& q, FutexHashBucket& bucket) REQUIRES(bucket.lock);

// Passes on every PI lock that `task`, exiting, leaves behind: the first waiter of each is granted it, and
// writes the word itself when it runs. (Linux 6.1: exit_pi_state_list.)
void exit_pi_state_list(Task& task);

// Sleeps, uninterruptibly, until some futex_exit() has ended since futex_exits() was `since`; look again then. Caller
// asked for that number first, and then saw a task with FutexState::Exiting. (Linux: wait_for_owner_exiting.)
u32 futex_exits();
void wait_for_owner_exiting(u32 since);

void init_futex_exit(); // part of futex_init()

// --- who waits for whom, and what that lends (pi_chain.cpp) ---

// Makes q.task wait for `state`, and lends its priority along the chain of owners. DEADLK: it would wait for
// itself, by way of any number of locks. `q` takes over a reference. (Linux: rt_mutex_start_proxy_lock.)
Result<void> pi_start_wait(FutexQ& q, FutexPiState& state, FutexHashBucket& bucket) REQUIRES(bucket.lock);

// The wait is over without the lock, and the loan with it.
void pi_stop_wait(FutexQ& q, FutexHashBucket& bucket) REQUIRES(bucket.lock);

// Who gets the lock next, as priorities are now: they may change, but nobody comes or goes. nullptr: nobody is left, and
// the state is still there because its count has saturated.
FutexQ* pi_first_waiter(FutexPiState& state, FutexHashBucket& bucket) REQUIRES(bucket.lock);

// The lock goes to `heir`, which no longer waits; what the others lend goes to it. (Linux: pi_state_update_owner.)
void pi_hand_over(FutexPiState& state, FutexQ& heir, FutexHashBucket& bucket) REQUIRES(bucket.lock);

// Gives a new state its owner, or takes it from an old one (nullptr).
void pi_set_owner(FutexPiState& state, Task* owner, FutexHashBucket& bucket) REQUIRES(bucket.lock);

// The same for an owner that may be about to exit: false if it is, and then nothing has changed. So a task with
// FutexState::Exiting gets no more states than it has. tasklist_lock keeps the task.
bool pi_set_owner_unless_exiting(FutexPiState& state, Task& owner, FutexHashBucket& bucket)
    REQUIRES(bucket.lock, tasklist_lock);
FutexState pi_futex_state(const Task& task);
void pi_set_futex_state(Task& task, FutexState state);

// A bucket that has waiters for a lock of `owner`'s, or nullptr; and such a lock in a bucket, or nullptr.
FutexHashBucket* pi_some_bucket_of(const Task& owner);
FutexPiState* pi_state_in(const FutexHashBucket& bucket, const Task& owner) REQUIRES(bucket.lock);

// The task's own priority has changed: what it runs with is found anew, and what it lends. (Linux: the same.)
void rt_mutex_adjust_pi(Task& task);

// --- taking one (pi_atomic.cpp) ---

struct PiAttempt {
    bool locked = false;           // `task` owns the lock, and the word says so
    FutexPiState* state = nullptr; // with a reference for the caller; nullptr: locked, and nobody is to wait
};

// Takes the lock for `task` if it is free; else finds or makes the state that it must wait for. With
// `set_waiters` a lock that was free gets its state at once, because others are about to wait. FAULT: the
// word could not be read or written under the bucket's lock; BUSY: the owner is
// exiting, wait_for_owner_exiting(); AGAIN: the word changed, try again; DEADLK: `task` owns it already;
// SRCH, PERM, INVAL, NOMEM as futex_lock_pi says. (Linux: futex_lock_pi_atomic.)
Result<PiAttempt> futex_lock_pi_atomic(UserAddr address, FutexHashBucket& bucket, const FutexKey& key, Task& task,
                                       bool set_waiters) REQUIRES(bucket.lock);

// --- waiting for one (pi_wait.cpp) ---

// Current's waiter `q` is queued. Sleeps until the lock whose word is at `address` is its own: 0; or there is
// a reason to give up, and then `q` is nowhere. TIMEDOUT. On a signal AGAIN for a WAIT_REQUEUE_PI that was
// moved to the lock already, since its first word has certainly changed; else RESTARTNOINTR. FAULT, NOMEM,
// INTR: the lock came from a dead owner, and is ours, but the word cannot be written.
Result<u32> wait_for_pi_lock(UserAddr address, FutexQ& q, Deadline deadline);

} // namespace faultline
