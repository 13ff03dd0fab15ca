// Makes and frees the identities of threads.
#include "abi/task/pid_ref.hpp"

#include "kernel/sched/task.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

constinit KmemCache pid_cache{"pid", sizeof(Pid), alignof(Pid)};

void point_back(Task& task) {
    if (task.thread_pid != nullptr)
        task.thread_pid->task = &task;
}

} // namespace

void put_pid(Pid& pid) {
    if (pid.references.dec_and_test())
        kmem_delete(pid_cache, &pid);
}

Result<PidRef> get_task_pid(Task& task) {
    if (task.thread_pid == nullptr) {
        Pid* made = kmem_new<Pid>(pid_cache);
        if (made == nullptr)
            return Err(Errno::NOMEM);
        made->number = task.pid;
        made->task = &task;
        task.thread_pid = made;
    }
    return PidRef(*task.thread_pid);
}

void forget_pid(Task& task) {
    if (Pid* pid = std::exchange(task.thread_pid, nullptr)) {
        pid->task = nullptr;
        put_pid(*pid);
    }
}

void exchange_pids(Task& one, Task& other) {
    std::swap(one.thread_pid, other.thread_pid);
    point_back(one);
    point_back(other);
}

} // namespace faultline
