// What a machine calls in the code above it, found by the linker: the only way up. Each is called on the kernel stack
// of the current task, interrupts masked unless said otherwise.
#pragma once

#include "arch/contract/fault_info.hpp"
#include "arch/contract/pte.hpp"
#include "base/irqs_masked.hpp"

namespace faultline {

struct PtRegs; // <arch/ptrace.hpp>

// First C++ on the boot CPU: MMU on, bss clear, exceptions handled, interrupts masked. Never returns.
[[noreturn]] void start_kernel();

// A data or prefetch abort. Returns when the access may be tried again, or after regs has been changed to go
// elsewhere (exception-table fixup, signal). Called with interrupts as they were at the fault. kernel/trap.cpp.
void handle_abort(FaultInfo fault, PtRegs& regs);

// An undefined instruction, or a breakpoint; user mode only (the machine panics by itself on the kernel's). Interrupts are
// on. kernel/trap.cpp.
void handle_undefined(PtRegs& regs, bool breakpoint);

// An exception that only a bug of the kernel's can cause: panics with the registers, the decoded `fault` (nullptr: it was
// no abort), the page tables' view of its address and a backtrace. kernel/debug/panic.cpp.
[[noreturn]] void die(const PtRegs& regs, const FaultInfo* fault, const char* format, ...)
    __attribute__((format(printf, 3, 4)));

// The kernel has come to an instruction that the compiler puts where behaviour would be undefined: regs.pc is its address.
// Panics. kernel/debug/machine_checks.cpp.
[[noreturn]] void undefined_behaviour(const PtRegs& regs);

// The debug kernel: the kernel stack of the code that `regs` interrupts has reached its guard. Panics. On a stack that this
// CPU has for this call only.
[[noreturn]] void kernel_stack_overflow(const PtRegs& regs);

// The debug kernel: interrupts were masked on this CPU for `ns`, by code that was called at `by`. Panics.
[[noreturn]] void irqs_masked_too_long(u64 ns, u32 by) REQUIRES(irqs_masked);

// tlb_check=1: a flush has returned, and a program on this CPU may still do with `page` what its entry forbids: write, or
// else read. kernel/debug/tlb_check.cpp.
void tlb_violation(UserAddr page, Pte entry, bool write) REQUIRES(irqs_masked);

// SVC from user mode: the number was in r7, the arguments are in r0 – r6; the result goes to r0. Interrupts are on. Around it
// stand the stations SysEnter and SysExit: while they are watched, the machine calls the other two. kernel/dispatch.cpp.
u32 handle_syscall(PtRegs& regs, u32 number);
void trace_sys_enter(const PtRegs& regs, u32 number);
void trace_sys_exit(const PtRegs& regs, u32 number);

// Just before every return to user mode, interrupts masked: reschedule and deliver signals while there is such work.
void prepare_exit_to_user(PtRegs& regs);

// First C++ of another CPU than the boot CPU, on the stack given to start_cpu(), as start_kernel() otherwise. Never
// returns. kernel/smp.cpp.
[[noreturn]] void start_secondary();

// Another CPU has called smp_send_reschedule(). In interrupt context. kernel/sched/.
void scheduler_ipi() REQUIRES(irqs_masked);

// The one-shot timer set with set_next_event() has expired. In interrupt context.
void timer_interrupt() REQUIRES(irqs_masked);

} // namespace faultline
