// A task and its kernel stack, which are made and freed together.
#pragma once

#include <arch/ptrace.hpp>

#include "base/result.hpp"
#include "kernel/sched/task.hpp"

namespace faultline {

// Makes a task with a kernel stack. It is on no list, and its state is Uninterruptible. NOMEM.
Result<Task*> alloc_task();

// Frees both. No CPU uses the stack, no list has the task, and everything else that it held was released.
void free_task_memory(Task& task);

// The user registers, at the top of the task's kernel stack.
PtRegs& task_user_regs(Task& task);

// Where the stack begins. It grows down from here.
inline void* task_stack_top(Task& task) { return &task_user_regs(task) + 1; }

} // namespace faultline
