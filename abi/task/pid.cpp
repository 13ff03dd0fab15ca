// Process and thread ids. They are given in rising order and start again at the bottom after pid_max, so that an id is
// not reused at once. (Linux kernel/pid.c.)
#include "abi/task/pid.hpp"

#include <algorithm>

#include "abi/task/thread_group.hpp"
#include "base/late.hpp"
#include "kernel/upcalls.hpp"
#include "mm/page_alloc.hpp"

namespace faultline {

namespace {

struct KeyOfTask {
    using type = s32;
    s32 operator()(const Task& task) const { return task.pid; }
};
using PidTree = Tree<Task, &Task::pid_node, KeyOfTask>;

constinit Late<PidTree> tasks;
constinit s32 last_pid = 0;
constinit u32 count = 0;

constexpr s32 RESERVED_PIDS = 300; // after a wrap, ids below this are not given again (Linux: the same name)
constinit s32 wrap_at = PID_MAX;

} // namespace

constinit SpinLock tasklist_lock("tasklist_lock");

void init_pids() {
    constexpr u32 STACK_PAGES = 2; // Linux on ARM: THREAD_SIZE
    tasks.emplace();
    max_threads = std::max(nr_total_pages() / (8 * STACK_PAGES), MIN_THREADS);
}

Result<s32> alloc_pid(s32 wanted) {
    if (wanted != 0 && find_task_by_vpid(wanted) != nullptr)
        return Err(Errno::EXIST);
    if (wanted != 0)
        return wanted;
    if (count >= static_cast<u32>(wrap_at - RESERVED_PIDS))
        return Err(Errno::AGAIN);
    s32 pid = last_pid;
    do {
        pid = pid + 1 < wrap_at ? pid + 1 : RESERVED_PIDS;
    } while (find_task_by_vpid(pid) != nullptr);
    last_pid = pid;
    return pid;
}

void attach_pid(Task& task) {
    tasks->insert(task);
    ++count;
}

void detach_pid(Task& task) {
    tasks->erase(tasks->iterator_to(task));
    --count;
}

Task* find_task_by_vpid(s32 pid) {
    const auto found = tasks->find(pid);
    return found != tasks->end() ? &*found : nullptr;
}

Result<Task*> task_or_current(s32 pid) {
    Task* task = pid == 0 ? current() : find_task_by_vpid(pid);
    if (task == nullptr)
        return Err(Errno::SRCH);
    return task;
}

ThreadGroup* find_group(s32 pid) {
    Task* task = find_task_by_vpid(pid);
    return task != nullptr && task->group->leader == task ? task->group : nullptr;
}

Task* next_task(s32 pid) {
    const auto found = tasks->lower_bound(pid);
    return found != tasks->end() ? &*found : nullptr;
}

s32 pid_max() { return wrap_at; }

Result<void> set_pid_max(s32 most) {
    if (most <= RESERVED_PIDS || most > PID_MAX)
        return Err(Errno::INVAL);
    wrap_at = most;
    return {};
}

u32 task_count() { return count; }
s32 last_pid_given() { return last_pid; }

s32 sys_getpid() { return current()->group->pid; }
s32 sys_gettid() { return current()->pid; }
s32 sys_getppid() { return current()->group->parent_pid; }

} // namespace faultline
