// Wait queues and completions.
#include "kernel/sched/wait.hpp"

#include "kernel/sched/irq_lock.hpp"

namespace faultline {

namespace {

void remove(WaitQueue& queue, WaitEntry& entry) REQUIRES(queue.lock) {
    entry.link.unlink();
    queue.sleepers = queue.sleepers - 1;
}

// A sleeper is in the queue before it tests its condition. A waker has changed the condition before it looks here. So
// one of the two sees the other. (Linux: wq_has_sleeper.)
bool has_sleepers(const WaitQueue& queue) {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return queue.sleepers != 0;
}

// A woken sleeper leaves the queue at once, so that it does not use up a second wake-up. Its entry stays valid until it
// has taken the queue's lock (finish_wait).
bool wake_front(WaitQueue& queue) REQUIRES(queue.lock) {
    if (queue.entries.empty())
        return false;
    WaitEntry& entry = queue.entries.front();
    Task& task = *entry.task;
    remove(queue, entry);
    wake_up_process(task);
    return true;
}

// Calls an entry's function, or wakes its task. Returns whether a task was woken.
bool wake_entry(WaitQueue& queue, WaitEntry& entry, u32 events) REQUIRES(queue.lock) {
    if (entry.woken != nullptr)
        return entry.woken(entry, events);
    Task& task = *entry.task;
    remove(queue, entry);
    wake_up_process(task);
    return true;
}

// Wakes all, but only `exclusive` of the exclusive entries. (Linux __wake_up_common.)
void wake_locked(WaitQueue& queue, u32 events, u32 exclusive) REQUIRES(queue.lock) {
    for (auto at = queue.entries.begin(); at != queue.entries.end();) {
        WaitEntry& entry = *at++; // before the entry leaves the queue
        if (entry.exclusive && exclusive == 0)
            continue;
        const bool counts = entry.exclusive; // the entry may be gone after the wake-up
        if (wake_entry(queue, entry, events) && counts)
            --exclusive;
    }
}

constexpr u32 ALL = ~0u;

} // namespace

void wake_up_all(WaitQueue& queue) {
    if (!has_sleepers(queue))
        return;
    IrqLocked lock(queue.lock);
    wake_locked(queue, 0, ALL);
}

void wake_up_poll(WaitQueue& queue, u32 events) {
    if (!has_sleepers(queue))
        return;
    IrqLocked lock(queue.lock);
    wake_locked(queue, events, 1);
}

void wake_up_one(WaitQueue& queue) {
    if (!has_sleepers(queue))
        return;
    IrqLocked lock(queue.lock);
    wake_front(queue);
}

void prepare_to_wait(WaitQueue& queue, WaitEntry& entry, TaskState state) {
    {
        IrqLocked lock(queue.lock);
        entry.task = current();
        entry.queue = &queue;
        current()->state = state;
        queue.entries.push_back(entry);
        queue.sleepers = queue.sleepers + 1;
    }
    std::atomic_thread_fence(std::memory_order_seq_cst); // see has_sleepers()
}

void finish_wait(WaitEntry& entry) {
    current()->state = TaskState::Running;
    IrqLocked lock(entry.queue->lock);
    if (entry.link.is_linked())
        remove(*entry.queue, entry);
}

void add_wait_queue(WaitQueue& queue, WaitEntry& entry) {
    {
        IrqLocked lock(queue.lock);
        entry.queue = &queue;
        queue.entries.push_back(entry);
        queue.sleepers = queue.sleepers + 1;
    }
    std::atomic_thread_fence(std::memory_order_seq_cst); // see has_sleepers()
}

void remove_wait_queue(WaitEntry& entry) {
    IrqLocked lock(entry.queue->lock);
    remove(*entry.queue, entry);
}

void complete(Completion& event) {
    IrqLocked lock(event.waiters.lock);
    event.done = true;
    wake_locked(event.waiters, 0, ALL);
}

namespace {

Result<void> wait_for_completion_state(Completion& event, TaskState state) {
    TRY_VOID(wait_event_state(event.waiters, state, [&] { return bool{event.done}; }, NO_DEADLINE));
    IrqLocked until_complete_returns(event.waiters.lock);
    return {};
}

} // namespace

void wait_for_completion(Completion& event) {
    (void)wait_for_completion_state(event, TaskState::Uninterruptible); // nothing interrupts this state
}

Result<void> wait_for_completion_killable(Completion& event) {
    return wait_for_completion_state(event, TaskState::Killable);
}

} // namespace faultline
