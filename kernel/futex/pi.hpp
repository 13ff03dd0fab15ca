// The kernel's record of a priority-inheritance futex that has waiters. The futex word holds the owner's thread id. The
// record holds the same fact, so that it survives the owner's exit, and so that the owner can be lent the waiters'
// priority. (Linux: struct futex_pi_state and its rt_mutex. There any task may take the lock between unlock and
// wake-up; here it is handed over.)
#pragma once

#include "base/refcount.hpp"
#include "base/result.hpp"
#include "kernel/futex/queue.hpp"
#include "kernel/sched/timer.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

// Exists while tasks wait. Created, found and freed under the bucket's lock. pi_lock guards the rest, because
// priorities are lent along chains of locks, from bucket to bucket. The functions below take the key's bucket as `bucket`.
struct FutexPiState {
    FutexKey key;
    Refcount references{1}; // the waiters, and a task that is about to become one
    Task* owner = nullptr;  // changes with both locks held, so that either is enough to read it
    FutexPiState* next_owned GUARDED_BY(pi_lock) = nullptr;     // the next in Task::pi_states
    List<FutexQ, &FutexQ::pi_link> waiters GUARDED_BY(pi_lock); // the most urgent first; equals in order of arrival
};

// --- the states (pi_state.cpp) ---

// Creates a state for `key` with one reference and no owner yet. NOMEM.
Result<FutexPiState*> alloc_pi_state(const FutexKey& key);

// Drops one reference; the last one frees the state.
void put_pi_state(FutexPiState& state, FutexHashBucket& bucket) REQUIRES(bucket.lock);

// Takes a waiter out, because it gets the lock or stops waiting for it. (Linux: the same name.)
void futex_unqueue_pi(FutexQ& q, FutexHashBucket& bucket) REQUIRES(bucket.lock);

// Passes on every PI lock that `task` leaves behind when it exits or changes its program. The first waiter of each lock
// becomes its owner, and writes the word itself when it runs. (Linux 6.1: the same name.)
void exit_pi_state_list(Task& task);

// How many calls of futex_exit() have ended; and an uninterruptible sleep until one has ended since futex_exits()
// returned `since`. The caller gets that number first, then sees a task with FutexState::Exiting, and looks again after
// the sleep. No lock held. (Linux: wait_for_owner_exiting.)
u32 futex_exits();
void wait_for_owner_exiting(u32 since);

void init_futex_exit(); // part of futex_init()

// --- which task waits for which lock, and the priority that this lends (pi_chain.cpp) ---

// Makes q.task wait for `state`, and lends its priority along the chain of owners. DEADLK: the task would wait for
// itself, through any number of locks. The caller holds a reference, which `q` takes over on success. (Linux:
// rt_mutex_start_proxy_lock.)
Result<void> pi_start_wait(FutexQ& q, FutexPiState& state, FutexHashBucket& bucket) REQUIRES(bucket.lock);

// Ends the wait without the lock, and takes back the priority that was lent.
void pi_stop_wait(FutexQ& q, FutexHashBucket& bucket) REQUIRES(bucket.lock);

// The waiter that is first by the present priorities. Waiters come and go only under the bucket's lock, but priorities
// change without it. nullptr: no waiter is left; the state still exists because its reference count has saturated.
FutexQ* pi_first_waiter(FutexPiState& state, FutexHashBucket& bucket) REQUIRES(bucket.lock);

// Makes `heir` the owner of the lock. It no longer waits, and gets the priority that the other waiters lend. (Linux:
// pi_state_update_owner.)
void pi_hand_over(FutexPiState& state, FutexQ& heir, FutexHashBucket& bucket) REQUIRES(bucket.lock);

// Gives a new state its owner, or takes the owner away (nullptr).
void pi_set_owner(FutexPiState& state, Task* owner, FutexHashBucket& bucket) REQUIRES(bucket.lock);

// The same for an owner that may be about to exit. Returns false, and changes nothing, unless its state is
// FutexState::Ok. So an exiting task gets no new states. tasklist_lock keeps the task from being freed.
bool pi_set_owner_unless_exiting(FutexPiState& state, Task& owner, FutexHashBucket& bucket)
    REQUIRES(bucket.lock, tasklist_lock);
FutexState pi_futex_state(const Task& task);
void pi_set_futex_state(Task& task, FutexState state);

// A bucket with waiters for a lock that `owner` owns, or nullptr; and such a lock in the given bucket, or nullptr.
FutexHashBucket* pi_some_bucket_of(const Task& owner);
FutexPiState* pi_state_in(const FutexHashBucket& bucket, const Task& owner) REQUIRES(bucket.lock);

// The task's own priority has changed: computes anew what it runs with and what it lends. (Linux: the same name.)
void rt_mutex_adjust_pi(Task& task);

// --- taking a lock (pi_atomic.cpp) ---

struct PiAttempt {
    bool locked = false;           // `task` owns the lock, and the word says so
    FutexPiState* state = nullptr; // with a reference for the caller; nullptr: locked, and no task is to wait
};

// Takes the lock for `task` if it is free. Otherwise finds or creates the state that the task must wait for. With
// `set_waiters` a free lock gets a state at once, because other tasks are about to wait. FAULT: the word could not be
// read or written under the bucket's lock. BUSY: the owner is exiting; call wait_for_owner_exiting(). AGAIN: the word
// changed; try again. DEADLK: `task` owns the lock already. SRCH, PERM, INVAL, NOMEM: as for futex_lock_pi. (Linux:
// futex_lock_pi_atomic.)
Result<PiAttempt> futex_lock_pi_atomic(UserAddr address, FutexHashBucket& bucket, const FutexKey& key, Task& task,
                                       bool set_waiters) REQUIRES(bucket.lock);

// --- waiting for a lock (pi_wait.cpp) ---

// Sleeps until current owns the lock whose word is at `address`, and returns 0. `q` is current's waiter, and is queued;
// after an error it is in no queue. No lock held. TIMEDOUT: `deadline` has passed. On a signal AGAIN for a
// WAIT_REQUEUE_PI that was moved to the lock already, since its first word has certainly changed; else RESTARTNOINTR.
// FAULT, NOMEM, INTR: current owns the lock after a dead owner, but the word cannot be written.
CountResult wait_for_pi_lock(UserAddr address, FutexQ& q, Deadline deadline);

} // namespace faultline
