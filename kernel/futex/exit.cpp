// futex_exit: what a task leaves behind, in order.
#include "base/late.hpp"
#include "base/park.hpp"
#include "base/relaxed.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/futex/pi.hpp"

namespace faultline {

namespace {

struct Exits {
    SpinLock lock{"futex_exit"};
    ParkQueue waiters GUARDED_BY(lock); // LOCK_PIs that found an owner in the middle of futex_exit()
    Relaxed<u32> ended = 0;             // how many futex_exit()s have; changed with `lock` held
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

// While the state is Exiting nobody becomes a waiter of this task, so the list of PI locks only shrinks. The
// robust list goes first: its walk may sleep, and it clears the owner from the words that the second step's
// heirs then take over.
void futex_exit(Task& task) {
    pi_set_futex_state(task, FutexState::Exiting);
    exit_robust_list(task);
    exit_pi_state_list(task);
    pi_set_futex_state(task,
                       task.exiting ? FutexState::Dead : FutexState::Ok); // execve goes on as the same task
    const Guard lock(exits->lock);
    exits->ended = exits->ended + 1;
    unpark_all(exits->waiters);
}

} // namespace faultline
