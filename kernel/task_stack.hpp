// A task and its kernel stack: one is not made without the other.
#pragma once

#include <arch/ptrace.hpp>

#include "base/result.hpp"
#include "kernel/sched/task.hpp"

namespace faultline {

// A Task with a kernel stack, on no list, in state Uninterruptible. NOMEM.
Result<Task*> alloc_task();

// Frees both. No CPU stands on the stack, and nobody can find the task. What else it holds has been given back.
void free_task_memory(Task& task);

// The user registers at the top of the task's kernel stack.
PtRegs& task_user_regs(Task& task);

// Where that stack begins: it grows down from here.
inline void* task_stack_top(Task& task) { return &task_user_regs(task) + 1; }

} // namespace faultline
