// Entering and leaving a signal handler: the frame on the program's stack and the registers (Linux:
// arch/arm/kernel/signal.c). Which signal, which handler and which mask is abi/signal's business.
//
// All are called for the current task, with its user registers (task_pt_regs), interrupts on, no lock held:
// they access user memory and may sleep. On failure neither `regs` nor the VFP registers have changed; the
// caller then forces SIGSEGV, as Linux does.
#pragma once

#include <arch/ptrace.hpp>

#include "base/result.hpp"

namespace faultline {

inline constexpr u32 SIGINFO_SIZE = 128; // siginfo_t

struct SignalStack { // uapi stack_t, as sigaltstack(2) knows it
    u32 sp = 0;
    u32 flags = 0; // SS_ONSTACK 1, SS_DISABLE 2
    u32 size = 0;
};

// What a frame needs to know of one delivery.
struct SignalDelivery {
    int signal = 0;
    u32 handler = 0;      // sa_handler; bit 0: Thumb
    u32 flags = 0;        // sa_flags: SA_RESTORER (0x04000000) and SA_ONSTACK (0x08000000) matter
    u32 restorer = 0;     // sa_restorer; the vector page's trampoline stands in if SA_RESTORER is absent
    u64 blocked = 0;      // the mask to be restored by sigreturn; bit n-1 is signal n
    SignalStack altstack; // the task's current setting
    u32 trap_no = 0;      // sigcontext's first words and its last: of the task's last fault, 0 if there was none
    u32 error_code = 0;   // (DFSR or IFSR)
    u32 fault_address = 0;
};

// Pushes a frame and makes `regs` enter the handler: handler(signal), or with SA_SIGINFO (`info`,
// SIGINFO_SIZE bytes) handler(signal, &info, &ucontext). FAULT if the stack cannot be written.
Result<void> setup_frame(PtRegs& regs, const SignalDelivery& delivery);
Result<void> setup_rt_frame(PtRegs& regs, const SignalDelivery& delivery, const void* info);

// What sigreturn gives back beside the registers.
struct SignalReturn {
    u64 blocked = 0;      // the caller removes SIGKILL and SIGSTOP
    SignalStack altstack; // rt_sigreturn only: to be set as sigaltstack(2) would
};

// sigreturn (119) and rt_sigreturn (173): takes everything from the frame at the stack pointer. All registers
// are the frame's afterwards, r0 included: it is the system call's result and must not be overwritten. FAULT
// for a frame that cannot be read, is misaligned, has no intact VFP record, or would not return to user mode.
Result<SignalReturn> restore_frame(PtRegs& regs);
Result<SignalReturn> restore_rt_frame(PtRegs& regs);

// Whether `stack_pointer` lies on that alternate stack (Linux: on_sig_stack).
constexpr bool on_sig_stack(const SignalStack& altstack, u32 stack_pointer) {
    return stack_pointer > altstack.sp && stack_pointer - altstack.sp <= altstack.size;
}

} // namespace faultline
