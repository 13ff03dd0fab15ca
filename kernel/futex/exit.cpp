// futex_exit: what happens to a task's futexes when it exits or calls execve.
#include "base/late.hpp"
#include "base/park.hpp"
#include "base/relaxed.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/futex/pi.hpp"

namespace faultline {

namespace {

struct Exits {
    SpinLock lock{"futex_exit"};
    ParkQueue waiters GUARDED_BY(lock); // LOCK_PI calls that found an owner inside futex_exit()
    Relaxed<u32> ended = 0;             // how many calls of futex_exit() have ended; changed with `lock` held
};
constinit Late<Exits> exits;

} // namespace

void init_futex_exit() { exits.emplace(); }

u32 futex_exits() { return exits->ended; }

void wait_for_owner_exiting(u32 since) {
    const Guard lock(exits->lock);
    while (exits->ended == since)
        park(exits->waiters, exits->lock);
}

// While the state is Exiting, no task becomes a waiter of this one, so its list of PI locks only shrinks. The robust
// list comes first. Its walk may sleep, and it clears the owner in words that the heirs of the second step then take
// over.
void futex_exit(Task& task) {
    pi_set_futex_state(task, FutexState::Exiting);
    exit_robust_list(task);
    exit_pi_state_list(task);
    // After execve the same task goes on.
    pi_set_futex_state(task, task.exiting ? FutexState::Dead : FutexState::Ok);
    const Guard lock(exits->lock);
    exits->ended = exits->ended + 1;
    unpark_all(exits->waiters);
}

} // namespace faultline
