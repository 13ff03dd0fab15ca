// Wait queues, and the sleeping locks' parking place, which is the same thing without signals.
#include "kernel/sched/wait.hpp"

#include <arch/irq.hpp>

#include "base/park.hpp"

namespace faultline {

namespace {

// A woken sleeper leaves the queue at once, so that one wake-up is not given to it twice.
bool wake_front(WaitQueue& queue) {
    IrqGuard irqs;
    if (queue.entries.empty())
        return false;
    Task& task = *queue.entries.front().task;
    queue.entries.pop_front();
    wake_up_process(task);
    return true;
}

} // namespace

void wake_up_all(WaitQueue& queue) {
    IrqGuard irqs;
    while (wake_front(queue)) {
    }
}

void wake_up_one(WaitQueue& queue) { wake_front(queue); }

void prepare_to_wait(WaitQueue& queue, WaitEntry& entry, TaskState state) {
    IrqGuard irqs;
    entry.task = current();
    current()->state = state;
    queue.entries.push_back(entry);
}

void finish_wait(WaitEntry& entry) {
    IrqGuard irqs;
    current()->state = TaskState::Running;
    if (entry.link.is_linked())
        entry.link.unlink();
}

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
