// futex_exit: what a task leaves behind, in order.
#include "base/late.hpp"
#include "base/park.hpp"
#include "kernel/futex/operations.hpp"
#include "kernel/futex/pi.hpp"

namespace faultline {

namespace {

constinit Late<ParkQueue> exit_waiters; // LOCK_PIs that found an owner in the middle of futex_exit()

} // namespace

void init_futex_exit() { exit_waiters.emplace(); }

void wait_for_owner_exiting() { park(*exit_waiters); }

// While the state is Exiting nobody becomes a waiter of this task, so the list of PI locks only shrinks. The
// robust list goes first: its walk may sleep, and it clears the owner from the words that the second step's
// heirs then take over.
void futex_exit(Task& task) {
    task.futex_state = FutexState::Exiting;
    exit_robust_list(task);
    exit_pi_state_list(task);
    task.futex_state = task.exiting ? FutexState::Dead : FutexState::Ok; // execve goes on as the same task
    unpark_all(*exit_waiters);
}

} // namespace faultline
