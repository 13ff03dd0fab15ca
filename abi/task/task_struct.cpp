// Making and unmaking the structures of a task and of a process.
#include "abi/cred/cred.hpp"
#include "abi/process/process.hpp"
#include "abi/signal/siglock.hpp"
#include "arch/contract/clock.hpp"
#include "mm/page_alloc.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

constinit KmemCache group_cache{"signal_struct", sizeof(ThreadGroup), alignof(ThreadGroup)};

} // namespace

void free_task(Task& task) {
    wait_task_inactive(task);
    flush_sigqueue(task.pending);
    if (task.cred != nullptr)
        put_cred(*task.cred);
    free_task_memory(task);
}

Result<ThreadGroup*> group_new() {
    auto* group = kmem_new<ThreadGroup>(group_cache);
    if (group == nullptr)
        return Err(Errno::NOMEM);
    group->start_time_ns = clock_ns();
    return group;
}

void group_free(ThreadGroup& group) {
    flush_sigqueue(group.shared_pending);
    kmem_delete(group_cache, &group);
}

void link_thread(Task& task, ThreadGroup& group) {
    task.group = &group;
    group.threads.push_back(task);
    ++group.thread_count;
    ++group.live;
    attach_pid(task);
}

void unlink_thread(Task& task) {
    ThreadGroup& group = *task.group;
    group.threads.erase(group.threads.iterator_to(task));
    --group.thread_count;
    detach_pid(task);
    sighand_put(*std::exchange(task.sighand, nullptr));
}

ResourceUse group_use(const ThreadGroup& group) {
    ResourceUse sum = group.dead_threads;
    for (const Task& thread : group.threads)
        sum.add({task_cpu(thread), thread.mm.min_flt, thread.mm.maj_flt, 0});
    return sum;
}

u64 group_run_ns(const ThreadGroup& group) {
    SigLocked lock;
    u64 sum = group.dead_threads.cpu.run_ns;
    for (const Task& thread : group.threads)
        sum += task_run_time_ns(thread);
    return sum;
}

CpuTime group_cpu_time(ThreadGroup& group) { return cputime_adjust(group_use(group).cpu, group.reported); }

} // namespace faultline
