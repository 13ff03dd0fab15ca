// What a task's execution is while it does not run: callee-saved registers on its kernel stack, plus VFP/NEON
// and the thread registers. Saved and restored eagerly: there is no state of another task in the registers,
// ever.
#pragma once

#include "base/types.hpp"

namespace faultline {

struct CpuContext {
    u32 sp = 0;                  // kernel stack pointer; r4 – r11 and lr are pushed there
    u32 tpidruro = 0;            // the task's TLS pointer (ABI: set_tls), readable by the program
    u32 tpidrurw = 0;            // the program's own to write
    u32 fpscr = 0;               //
    alignas(8) u64 vfp[32] = {}; // d0 – d31
};

// Prepares a context that, when first switched to, calls entry(argument) on the given kernel stack with
// interrupts masked. `entry` never returns. `stack_top` is one past the last byte of a block of
// KERNEL_STACK_SIZE (8 KiB), aligned to that. The place of task_pt_regs(stack_top) stays free. User state
// (TLS, VFP) is left as it is.
void init_context(CpuContext& context, void* stack_top, void (*entry)(void*), void* argument);

// Saves this execution in `from` and continues `to`. Interrupts masked. Returns when somebody switches back.
void switch_to(CpuContext& from, CpuContext& to);

// The current task's TLS pointer (ABI: set_tls; Linux arch/arm/kernel/traps.c arm_syscall). Effective at
// once.
void set_tls(u32 value);
u32 get_tls();

// Copies what the current task's program has in TLS and VFP registers into `context`: the child's, at fork
// and clone.
void save_user_state(CpuContext& context);

// The reverse: the current task's program gets what `context` holds.
void load_user_state(const CpuContext& context);

// Gives the current task fresh TLS and VFP registers (zero, FPSCR 0): execve.
void clear_user_state();

// Panics if the running kernel stack has ever been used to its last word.
void check_stack_end();

} // namespace faultline
