// How dead tasks and processes go out of the tables and out of memory. release_dead_task() is in kernel/upcalls.hpp.
#pragma once

#include "kernel/sched/task.hpp"

namespace faultline {

struct ThreadGroup; // abi/task/thread_group.hpp

// Takes a thread out of its group, out of the table of ids, and away from its signal handlers. Under TaskListLocked.
// (Linux: __exit_signal.)
void leave_group(Task& task);

// Frees a task with its credentials and its pending signals. Nobody can find it any more; its CPU may just be leaving its
// stack.
void free_task(Task& task);

// Frees a dead process for good; its zombie leader is its only thread. (Linux release_task.)
void release_group(ThreadGroup& group);

} // namespace faultline
