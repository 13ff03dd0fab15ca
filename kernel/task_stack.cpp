// Making and freeing a task with its kernel stack.
#include "kernel/task_stack.hpp"

#include <arch/kernel_stack.hpp>

#include "arch/contract/clock.hpp"
#include "mm/page_alloc.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace {

constexpr u32 STACK_ORDER = 1; // 8 KiB, naturally aligned, as init_context() needs it
constexpr u32 STACK_BYTES = PAGE_SIZE << STACK_ORDER;

constinit KmemCache task_cache{"task_struct", sizeof(Task), alignof(Task)};

void* alloc_stack() {
    Page* block = alloc_pages(STACK_ORDER);
    if (block == nullptr)
        return nullptr;
    void* stack = map_kernel_stack(page_to_pfn(*block).address());
    if (stack == nullptr)
        put_page(*block);
    return stack;
}

void free_stack(void* stack) { put_page(pfn_to_page(Pfn::of(unmap_kernel_stack(stack)))); }

} // namespace

PtRegs& task_user_regs(Task& task) { return task_pt_regs(static_cast<u8*>(task.stack) + STACK_BYTES); }

Result<Task*> alloc_task() {
    Task* task = kmem_new<Task>(task_cache);
    if (task == nullptr)
        return Err(Errno::NOMEM);
    task->stack = alloc_stack();
    if (task->stack == nullptr) {
        kmem_delete(task_cache, task);
        return Err(Errno::NOMEM);
    }
    task->state = TaskState::Uninterruptible;
    task->start_time_ns = clock_ns();
    return task;
}

void free_task_memory(Task& task) {
    free_stack(task.stack);
    kmem_delete(task_cache, &task);
}

} // namespace faultline
