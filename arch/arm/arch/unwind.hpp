// Walking up the calls of kernel code: where a walk begins, and each step.
#pragma once

#include <arch/context.hpp>
#include <arch/ptrace.hpp>

#include "arch/armv7/unwind.hpp"

namespace faultline {

using armv7::CallFrame;

// This point.
[[gnu::always_inline]] inline CallFrame frame_here() {
    CallFrame frame;
    asm volatile("stmia %0, {r0-r12}\n\t"
                 "str sp, [%0, #52]\n\t"
                 "str lr, [%0, #56]\n\t"
                 "str pc, [%0, #60]"
                 :
                 : "r"(frame.r.data())
                 : "memory");
    frame.r[armv7::PC] -= 8;
    frame.interrupted = true;
    return frame;
}

// What an exception interrupted.
CallFrame frame_of(const PtRegs& regs);

// Where an execution that does not run goes on: in the caller of switch_to().
CallFrame frame_of(const CpuContext& context);

// Makes `frame` that of its caller. False: there is none, or nothing leads to it. Reads no word of memory but the tables and
// the block of KERNEL_STACK_SIZE at `stack`.
bool unwind_frame(CallFrame& frame, u32 stack);

// The block with the stack that `frame` is on; of a stack that has overflowed, too.
u32 stack_of(const CallFrame& frame);

} // namespace faultline
