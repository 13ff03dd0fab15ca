// Frees dead tasks and processes.
#include "abi/process/release.hpp"

#include <utility>

#include "abi/cred/cred.hpp"
#include "abi/signal/queue.hpp"
#include "abi/signal/sighand.hpp"
#include "abi/signal/signal.hpp"
#include "abi/task/siglock.hpp"
#include "abi/task/thread_group.hpp"
#include "base/concurrency.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/task_stack.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

namespace {

// Spins until all dead threads of the process, apart from its leader, have been freed.
void wait_for_burials(const ThreadGroup& group) {
    spin_until([&] { return group.unburied.load(std::memory_order_acquire) == 0; });
}

void free_group(ThreadGroup& group) {
    flush_sigqueue(group.shared_pending);
    group_free(group);
}

} // namespace

void leave_group(Task& task) {
    unlink_thread(task);
    sighand_put(*std::exchange(task.sighand, nullptr));
}

void free_task(Task& task) {
    wait_task_inactive(task);
    flush_sigqueue(task.pending);
    if (task.cred != nullptr) {
        task.cred->user->processes.fetch_sub(1, std::memory_order_relaxed);
        put_cred(*task.cred);
    }
    free_task_memory(task);
}

// Runs without locks. It may not wait for a lock that a task in release_group() can hold, because that task waits for
// this one.
void release_dead_task(Task& task) {
    ThreadGroup* former = task.buried_for;
    if (task.group != nullptr) { // a leader whose parent does not wait for it: the process is freed as well
        wait_for_burials(*task.group);
        free_group(*task.group);
    }
    free_task(task);
    if (former != nullptr)
        former->unburied.fetch_sub(1, std::memory_order_release);
}

void release_group(ThreadGroup& group) {
    Task& leader = *group.leader;
    wait_task_inactive(leader); // until then, a tick on the leader's CPU may read the group
    if (current()->buried_for == &group) {
        current()->buried_for = nullptr; // the caller is the group's last thread, and must not wait for itself
        group.unburied.fetch_sub(1, std::memory_order_relaxed);
    }
    wait_for_burials(group); // so that all memory of the process is free when its parent has waited for it
    {
        const TaskListLocked lock;
        group.parent->children.erase(group.parent->children.iterator_to(group));
        leave_group(leader);
    }
    free_group(group);
    free_task(leader);
}

} // namespace faultline
