// The table of all threads by id, and the calls that ask for ids (getpid(2)). find_task_by_vpid() is in kernel/upcalls.hpp.
#pragma once

#include "abi/task/thread_group.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

void init_pids(); // once, at boot

Result<s32> alloc_pid(s32 wanted = 0); // AGAIN: all are in use; EXIST: the one that was wanted is
void attach_pid(Task& task);           // task.pid is set. Under TaskListLocked, as the next
void detach_pid(Task& task);

Result<Task*> task_or_current(s32 pid); // the thread with this id; 0: current. SRCH
ThreadGroup* find_group(s32 pid);       // the process with this pid (a leader's), zombies included
Task* next_task(s32 pid);               // the task with the smallest id >= pid, for walks that may sleep in between
u32 task_count();
s32 last_pid_given(); // for /proc/loadavg

// Calls visit(group) for every process. Must not sleep.
template <class Visitor>
void for_each_process(Visitor&& visit) {
    for (Task* task = next_task(1); task != nullptr; task = next_task(task->pid + 1))
        if (task->group->leader == task)
            visit(*task->group);
}

inline constexpr s32 PID_MAX = 32768;
s32 pid_max();                      // /proc/sys/kernel/pid_max: ids are below this
Result<void> set_pid_max(s32 most); // INVAL: not in 301 … PID_MAX

// System calls.
s32 sys_getpid();
s32 sys_gettid();
s32 sys_getppid();

} // namespace faultline
