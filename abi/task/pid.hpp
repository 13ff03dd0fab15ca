// The table of all threads by id, and the system calls that return ids (getpid(2)). find_task_by_vpid() is in
// kernel/upcalls.hpp.
//
// The table changes under TaskListLocked (abi/task/siglock.hpp). To read it, hold the kernel lock, tasklist_lock or
// siglock; a task that was found stays valid as long as that lock is held.
#pragma once

#include "abi/task/thread_group.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

void init_pids(); // once, at boot

// Chooses a free id, or `wanted` if it is not 0. The id is taken only when attach_pid() has run; until then the caller
// holds the kernel lock. AGAIN: all ids are in use. EXIST: `wanted` is in use.
Result<s32> alloc_pid(s32 wanted = 0);

// Put a task into the table under task.pid, or take it out. Caller holds TaskListLocked.
void attach_pid(Task& task);
void detach_pid(Task& task);

Result<Task*> task_or_current(s32 pid); // the thread with this id, zombies included; 0: current. SRCH
ThreadGroup* find_group(s32 pid);       // the process whose leader has this id, zombies included; nullptr: none
Task* next_task(s32 pid);               // the task with the smallest id >= pid; nullptr: none. For walks that may sleep
u32 task_count();                       // how many tasks are in the table
s32 last_pid_given();                   // for /proc/loadavg

// Calls visit(group) for every process, zombies included. visit() must not sleep.
template <class Visitor>
void for_each_process(Visitor&& visit) {
    for (Task* task = next_task(1); task != nullptr; task = next_task(task->pid + 1))
        if (task->group->leader == task)
            visit(*task->group);
}

// The most threads there may be: /proc/sys/kernel/threads-max. At boot, what an eighth of memory has kernel stacks for.
// (Linux: the same name, set_max_threads, MIN_THREADS, MAX_THREADS.)
inline constinit Relaxed<u32> max_threads = 0;
inline constexpr u32 MIN_THREADS = 20, MAX_THREADS = 0x3fffffff;

inline constexpr s32 PID_MAX = 32768;
s32 pid_max();                      // /proc/sys/kernel/pid_max: ids are below this
Result<void> set_pid_max(s32 most); // INVAL: not in 301 … PID_MAX

// System calls; abi/syscall/table.cpp states the rules for all of them.
s32 sys_getpid();
s32 sys_gettid();
s32 sys_getppid();

} // namespace faultline
