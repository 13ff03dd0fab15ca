// The state of a task's execution while the task does not run: the callee-saved registers on its kernel stack, the
// VFP/NEON registers and the thread registers. Every context switch saves and restores all of them, so the registers
// never hold the state of another task.
#pragma once

#include "base/types.hpp"

namespace faultline {

struct CpuContext {
    u32 sp = 0;       // kernel stack pointer; r4 – r11 and lr are pushed there
    u32 tpidruro = 0; // the task's TLS pointer (ABI: set_tls), readable by the program
    u32 tpidrurw = 0; // a register that the program can write itself
    u32 fpscr = 0;
    alignas(8) u64 vfp[32] = {}; // d0 – d31
};

// Prepares a context. The first switch to it calls entry(argument) on the given kernel stack, with interrupts masked.
// `entry` never returns. `stack_top` is one past the last byte of a block of KERNEL_STACK_SIZE (8 KiB), aligned to that
// size. The room of task_pt_regs(stack_top) stays free. The user state (TLS, VFP) in `context` is not changed.
void init_context(CpuContext& context, void* stack_top, void (*entry)(void*), void* argument);

// Saves this execution in `from` and continues `to`. Interrupts masked. Returns when another execution switches back to
// `from`. Panics if the current kernel stack has overflowed.
void switch_to(CpuContext& from, CpuContext& to);

// Set and get the current task's TLS pointer (ABI: set_tls; Linux arch/arm/kernel/traps.c arm_syscall). A new value
// takes effect at once.
void set_tls(u32 value);
u32 get_tls();

// Copies the TLS and VFP registers of the current task's program into `context`, the child's at fork and clone.
void save_user_state(CpuContext& context);

// The reverse: loads the TLS and VFP registers from `context` for the current task's program.
void load_user_state(const CpuContext& context);

// Sets the current task's TLS and VFP registers to zero, FPSCR too: execve.
void clear_user_state();

// Panics if the lowest word of the current kernel stack has been overwritten.
void check_stack_end();

} // namespace faultline
