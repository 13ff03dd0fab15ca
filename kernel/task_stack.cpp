// Making and freeing a task with its kernel stack.
#include "kernel/task_stack.hpp"

#include "arch/contract/clock.hpp"
#include "mm/page_alloc.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

constexpr u32 STACK_ORDER = 1; // 8 KiB, naturally aligned, as init_context() needs it
constexpr u32 STACK_BYTES = PAGE_SIZE << STACK_ORDER;

constinit KmemCache task_cache{"task_struct", sizeof(Task), alignof(Task)};

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

void free_task_memory(Task& task) {
    put_page(virt_to_page(task.stack));
    kmem_delete(task_cache, &task);
}

} // namespace faultline
