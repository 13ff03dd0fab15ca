// Creates and frees the structure of a process, and keeps its list of threads.
#include "abi/task/thread_group.hpp"

#include "abi/task/pid.hpp"
#include "abi/task/pid_ref.hpp"
#include "arch/contract/clock.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

constinit KmemCache group_cache{"signal_struct", sizeof(ThreadGroup), alignof(ThreadGroup)};

} // namespace

Result<ThreadGroup*> group_new() {
    auto* group = kmem_new<ThreadGroup>(group_cache);
    if (group == nullptr)
        return Err(Errno::NOMEM);
    group->start_time_ns = clock_ns();
    return group;
}

void group_free(ThreadGroup& group) { kmem_delete(group_cache, &group); }

void link_thread(Task& task, ThreadGroup& group) {
    task.group = &group;
    group.threads.push_back(task);
    ++group.thread_count;
    ++group.live;
    total_forks = total_forks + 1;
    attach_pid(task);
}

void unlink_thread(Task& task) {
    ThreadGroup& group = *task.group;
    group.threads.erase(group.threads.iterator_to(task));
    --group.thread_count;
    forget_pid(task);
    detach_pid(task);
    while (CpuTimer* timer = first_cpu_timer(group, task.pid))
        cpu_timer_dequeue(*timer);
    while (group.thread_count == 0 && !group.cpu_timers.empty())
        cpu_timer_dequeue(*group.cpu_timers.begin());
}

} // namespace faultline
