// Priority inheritance. A task runs with the best of its own priority and the priorities of all tasks that wait for a
// lock it owns. A waiter also lends on what other tasks have lent to it, lock by lock. (Linux:
// kernel/locking/rtmutex.c, rt_mutex_adjust_prio_chain.)
#include <algorithm>
#include <iterator>

#include "kernel/futex/pi.hpp"
#include "kernel/sched/policy.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

constinit SpinLock pi_lock("pi_lock");

namespace {

constexpr u32 MAX_LOCK_DEPTH = 1024; // Linux: kernel.max_lock_depth. A longer chain counts as a deadlock

// Nice values do not count among waiters (Linux: __waiter_prio).
s32 waiter_prio(const Task& task) { return rt_prio(task.prio) ? task.prio : DEFAULT_PRIO; }

void insert_waiter(FutexQ& q) REQUIRES(pi_lock) {
    auto& waiters = q.pi_state->waiters;
    q.pi_prio = waiter_prio(*q.task);
    auto place = waiters.end();
    while (place != waiters.begin() && std::prev(place)->pi_prio > q.pi_prio)
        --place;
    waiters.insert(place, q);
}

void remove_waiter(FutexQ& q) REQUIRES(pi_lock) {
    auto& waiters = q.pi_state->waiters;
    waiters.erase(waiters.iterator_to(q));
}

// The priority that `task` should run with.
s32 effective_prio(const Task& task) REQUIRES(pi_lock) {
    s32 prio = task.normal_prio;
    for (const FutexPiState* state = task.pi_states; state != nullptr; state = state->next_owned)
        if (!state->waiters.empty())
            prio = std::min(prio, state->waiters.front().task->prio);
    return prio;
}

// Sets the priority of `task`, and moves it to its new place among the waiters of the lock it waits for. Returns the
// owner of that lock, whose priority may change next, or nullptr.
Task* change_prio(Task& task, s32 prio) REQUIRES(pi_lock) {
    sched_set_prio(task, prio);
    FutexQ* q = task.pi_blocked_on;
    if (q == nullptr)
        return nullptr;
    remove_waiter(*q);
    insert_waiter(*q);
    return q->pi_state->owner;
}

// Recomputes the priority of `task`, and of the owners that it lends to in turn. The chain ends, because no task waits
// for itself.
void adjust_prio_chain(Task* task) REQUIRES(pi_lock) {
    while (task != nullptr) {
        const s32 prio = effective_prio(*task);
        if (prio == task->prio)
            return;
        task = change_prio(*task, prio);
    }
}

bool would_deadlock(const Task& waiter, const FutexPiState& state) REQUIRES(pi_lock) {
    const FutexPiState* next = &state;
    for (u32 depth = 0; next != nullptr; ++depth) {
        if (next->owner == &waiter || depth == MAX_LOCK_DEPTH)
            return true;
        const FutexQ* waits = next->owner->pi_blocked_on;
        next = waits != nullptr ? waits->pi_state : nullptr;
    }
    return false;
}

void stop_wait(FutexQ& q) REQUIRES(pi_lock) {
    remove_waiter(q);
    q.task->pi_blocked_on = nullptr;
}

void unlink_from_owner(FutexPiState& state) REQUIRES(pi_lock) {
    FutexPiState** link = &state.owner->pi_states;
    while (*link != &state)
        link = &(*link)->next_owned;
    *link = state.next_owned;
}

void set_owner(FutexPiState& state, Task* owner) REQUIRES(pi_lock) {
    Task* const before = state.owner;
    if (before != nullptr)
        unlink_from_owner(state);
    state.owner = owner;
    if (owner != nullptr) {
        state.next_owned = owner->pi_states;
        owner->pi_states = &state;
    }
    adjust_prio_chain(owner); // the new owner first, so that what is lent passes on without a gap
    adjust_prio_chain(before);
}

} // namespace

Result<void> pi_start_wait(FutexQ& q, FutexPiState& state, FutexHashBucket&) {
    Guard lock(pi_lock);
    if (would_deadlock(*q.task, state))
        return Err(Errno::DEADLK);
    q.pi_state = &state;
    q.task->pi_blocked_on = &q;
    insert_waiter(q);
    adjust_prio_chain(state.owner);
    return {};
}

void pi_stop_wait(FutexQ& q, FutexHashBucket&) {
    Guard lock(pi_lock);
    stop_wait(q);
    adjust_prio_chain(q.pi_state->owner);
}

FutexQ* pi_first_waiter(FutexPiState& state, FutexHashBucket&) {
    Guard lock(pi_lock);
    return state.waiters.empty() ? nullptr : &state.waiters.front();
}

void pi_hand_over(FutexPiState& state, FutexQ& heir, FutexHashBucket&) {
    Guard lock(pi_lock);
    stop_wait(heir);
    set_owner(state, heir.task);
}

void pi_set_owner(FutexPiState& state, Task* owner, FutexHashBucket&) {
    Guard lock(pi_lock);
    set_owner(state, owner);
}

bool pi_set_owner_unless_exiting(FutexPiState& state, Task& owner, FutexHashBucket&) {
    Guard lock(pi_lock);
    if (owner.futex_state != FutexState::Ok)
        return false;
    set_owner(state, &owner);
    return true;
}

FutexState pi_futex_state(const Task& task) {
    Guard lock(pi_lock);
    return task.futex_state;
}

void pi_set_futex_state(Task& task, FutexState state) {
    Guard lock(pi_lock);
    task.futex_state = state;
}

FutexHashBucket* pi_some_bucket_of(const Task& owner) {
    Guard lock(pi_lock);
    return owner.pi_states != nullptr ? &futex_hash(owner.pi_states->key) : nullptr;
}

FutexPiState* pi_state_in(const FutexHashBucket& bucket, const Task& owner) {
    Guard lock(pi_lock);
    FutexPiState* state = owner.pi_states;
    while (state != nullptr && &futex_hash(state->key) != &bucket)
        state = state->next_owned;
    return state;
}

void rt_mutex_adjust_pi(Task& task) {
    Guard lock(pi_lock);
    adjust_prio_chain(change_prio(task, effective_prio(task)));
}

} // namespace faultline
