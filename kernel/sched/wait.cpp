// Wait queues.
#include "kernel/sched/wait.hpp"

#include "kernel/sched/irq_lock.hpp"

namespace faultline {

namespace {

// A woken sleeper leaves the queue at once, so that one wake-up is not given to it twice. It cannot go away before
// it has had the lock (finish_wait).
bool wake_front(WaitQueue& queue) {
    if (queue.entries.empty())
        return false;
    Task& task = *queue.entries.front().task;
    queue.entries.pop_front();
    wake_up_process(task);
    return true;
}

void wake_all_locked(WaitQueue& queue) {
    while (wake_front(queue)) {
    }
}

} // namespace

void wake_up_all(WaitQueue& queue) {
    IrqLocked lock(queue.lock);
    wake_all_locked(queue);
}

void wake_up_one(WaitQueue& queue) {
    IrqLocked lock(queue.lock);
    wake_front(queue);
}

void prepare_to_wait(WaitQueue& queue, WaitEntry& entry, TaskState state) {
    IrqLocked lock(queue.lock);
    entry.task = current();
    entry.queue = &queue;
    current()->state = state;
    queue.entries.push_back(entry);
}

void finish_wait(WaitEntry& entry) {
    current()->state = TaskState::Running;
    IrqLocked lock(entry.queue->lock);
    if (entry.link.is_linked())
        entry.link.unlink();
}

void complete(Completion& event) {
    IrqLocked lock(event.waiters.lock);
    event.done = true;
    wake_all_locked(event.waiters);
}

namespace {

Result<void> wait_for_completion_state(Completion& event, TaskState state) {
    TRY_VOID(wait_event_state(
        event.waiters, state, [&] { return bool{event.done}; }, NO_DEADLINE));
    IrqLocked until_complete_returns(event.waiters.lock);
    return {};
}

} // namespace

void wait_for_completion(Completion& event) {
    (void)wait_for_completion_state(event, TaskState::Uninterruptible); // nothing interrupts it
}

Result<void> wait_for_completion_killable(Completion& event) {
    return wait_for_completion_state(event, TaskState::Killable);
}

} // namespace faultline
