// Makes the first process, which has no parent to be forked from.
#include "abi/process/first_process.hpp"

#include <linux/signal.h>

#include <arch/context.hpp>

#include "abi/cred/cred.hpp"
#include "abi/fs/files.hpp"
#include "abi/process/rlimit.hpp"
#include "abi/signal/sighand.hpp"
#include "abi/signal/signal.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/siglock.hpp"
#include "abi/task/thread_group.hpp"
#include "kernel/sched/kernel_lock.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/task_stack.hpp"

namespace faultline {

namespace {

struct FirstProcess {
    void (*function)(void*);
    void* argument;
};
constinit FirstProcess first_process = {nullptr, nullptr};

void begin_first_process(void*) {
    schedule_tail();
    lock_kernel();
    first_process.function(first_process.argument);
    panic("process 1 has nothing to run");
}

template <class T>
T& must(Result<T*> made) {
    if (!made)
        panic("no memory for process 1");
    return *made.value();
}

} // namespace

Task& start_first_process(void (*function)(void*), void* argument) {
    first_process = {function, argument};
    Task& task = must(alloc_task());
    ThreadGroup& group = must(group_new());
    task.sighand = &must(sighand_new());
    task.files = &must(files_new());
    task.fs = &must(fs_new());
    task.cred = &must(root_cred());
    task.cred->user->processes.fetch_add(1, std::memory_order_relaxed);
    task.pid = alloc_pid().value();
    task.exit_signal = SIGCHLD;
    group.leader = &task;
    group.pid = task.pid; // its process group and session are 0, until it calls setsid(2)
    group.unkillable = true;
    init_limits(group);
    init_context(task.context, task_stack_top(task), begin_first_process, nullptr);
    {
        const TaskListLocked lock;
        link_thread(task, group);
    }
    wake_up_new_task(task);
    return task;
}

} // namespace faultline
