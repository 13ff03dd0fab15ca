// Making and unmaking the structures of a task and of a process.
#include "abi/cred/cred.hpp"
#include "abi/process/process.hpp"
#include "abi/signal/siglock.hpp"
#include "arch/contract/clock.hpp"
#include "mm/page_alloc.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

constexpr u32 STACK_ORDER = 1; // 8 KiB, naturally aligned: what init_context() wants
constexpr u32 STACK_BYTES = PAGE_SIZE << STACK_ORDER;

constinit KmemCache task_cache{"task_struct", sizeof(Task), alignof(Task)};
constinit KmemCache group_cache{"signal_struct", sizeof(ThreadGroup), alignof(ThreadGroup)};

} // namespace

PtRegs& task_user_regs(Task& task) { return task_pt_regs(static_cast<u8*>(task.stack) + STACK_BYTES); }

Result<Task*> alloc_task() {
    Task* task = kmem_new<Task>(task_cache);
    if (task == nullptr)
        return Err(Errno::NOMEM);
    Page* stack = alloc_pages(STACK_ORDER);
    if (stack == nullptr) {
        kmem_delete(task_cache, task);
        return Err(Errno::NOMEM);
    }
    task->stack = page_address(*stack);
    task->state = TaskState::Uninterruptible;
    task->start_time_ns = clock_ns();
    return task;
}

void free_task(Task& task) {
    wait_task_inactive(task);
    flush_sigqueue(task.pending);
    if (task.cred != nullptr)
        put_cred(*task.cred);
    put_page(virt_to_page(task.stack));
    kmem_delete(task_cache, &task);
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
