// Removes dead tasks and processes from the tables and frees them. release_dead_task() is in kernel/upcalls.hpp.
#pragma once

#include "kernel/sched/task.hpp"

namespace faultline {

struct ThreadGroup; // abi/task/thread_group.hpp

// Removes a thread from its group and from the table of ids, and drops its signal handlers. Caller holds
// TaskListLocked. (Linux: __exit_signal.)
void leave_group(Task& task);

// Frees a task with its credentials and pending signals. The task is in no table any more. Spins until its CPU has left
// the task's stack.
void free_task(Task& task);

// Frees a dead process, whose only thread is the zombie leader. Spins until its other dead threads have been freed.
// Caller holds the kernel lock. (Linux: release_task.)
void release_group(ThreadGroup& group);

} // namespace faultline
