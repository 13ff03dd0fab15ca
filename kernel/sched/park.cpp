// Where sleeping locks let their waiters sleep: a wait queue without signals, over whatever scheduler there is.
#include "base/park.hpp"

#include "kernel/sched/sched.hpp"

namespace faultline {

void park(ParkQueue& queue) {
    Parked sleeper;
    sleeper.task = current();
    queue.sleepers.push_back(sleeper);
    current()->state = TaskState::Uninterruptible;
    queue.lock.unlock();
    schedule();
    queue.lock.lock();
    if (sleeper.link.is_linked())
        sleeper.link.unlink();
}

void unpark_all(ParkQueue& queue) {
    while (!queue.sleepers.empty()) {
        auto* task = static_cast<Task*>(queue.sleepers.front().task);
        queue.sleepers.pop_front();
        wake_up_process(*task);
    }
}

} // namespace faultline
