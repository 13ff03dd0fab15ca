// How the sleeping locks of base/park.hpp put a task to sleep and wake it: through the scheduler, without regard to
// signals.
#include "base/park.hpp"

#include "base/trace.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

void park(ParkQueue& queue, SpinLock& lock) {
    TRACE(ContentionBegin, reinterpret_cast<std::uintptr_t>(&queue),
          reinterpret_cast<std::uintptr_t>(__builtin_return_address(0)));
    Parked sleeper;
    sleeper.task = current();
    queue.sleepers.push_back(sleeper);
    current()->state = TaskState::Uninterruptible;
    lock.unlock();
    schedule();
    lock.lock();
    if (sleeper.link.is_linked())
        sleeper.link.unlink();
}

void unpark_one(ParkQueue& queue) {
    if (queue.sleepers.empty())
        return;
    auto* task = static_cast<Task*>(queue.sleepers.front().task);
    queue.sleepers.pop_front();
    wake_up_process(*task);
}

void unpark_all(ParkQueue& queue) {
    while (!queue.sleepers.empty())
        unpark_one(queue);
}

} // namespace faultline
