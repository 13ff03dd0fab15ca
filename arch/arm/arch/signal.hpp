// Entering and leaving a signal handler: the frame on the program's stack, and the registers (Linux:
// arch/arm/kernel/signal.c). abi/signal decides which signal, which handler and which mask.
//
// All functions act on the current task and its user registers (task_pt_regs). They access user memory and may sleep:
// interrupts are on and the caller holds no lock. On failure neither `regs` nor the VFP registers have changed; the
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

// The properties of one delivery that the frame depends on.
struct SignalDelivery {
    int signal = 0;
    u32 handler = 0;      // sa_handler; bit 0: Thumb
    u32 flags = 0;        // sa_flags; SA_RESTORER (0x04000000) and SA_ONSTACK (0x08000000) are used
    u32 restorer = 0;     // sa_restorer; without SA_RESTORER the trampoline in the vector page is used
    u64 blocked = 0;      // the mask that sigreturn restores; bit n-1 is signal n
    SignalStack altstack; // the task's current setting

    // The first two words of sigcontext and its last: the task's last fault, 0 if there was none.
    u32 trap_no = 0;
    u32 error_code = 0; // DFSR or IFSR
    u32 fault_address = 0;
};

// Push a frame and change `regs` so that the program enters the handler: handler(signal), or with SA_SIGINFO
// handler(signal, &info, &ucontext), where `info` has SIGINFO_SIZE bytes. Return FAULT if the stack cannot be written.
Result<void> setup_frame(PtRegs& regs, const SignalDelivery& delivery);
Result<void> setup_rt_frame(PtRegs& regs, const SignalDelivery& delivery, const void* info);

// What sigreturn restores in addition to the registers.
struct SignalReturn {
    u64 blocked = 0;      // the caller must remove SIGKILL and SIGSTOP
    SignalStack altstack; // rt_sigreturn only: the caller sets it as sigaltstack(2) does
};

// sigreturn (119) and rt_sigreturn (173): restore everything from the frame at the stack pointer. Afterwards all
// registers have the frame's values. So has r0, which is the result of the system call: the caller must not overwrite
// it. Return FAULT if the frame cannot be read, is misaligned, has a damaged VFP record, or would not return to user
// mode.
Result<SignalReturn> restore_frame(PtRegs& regs);
Result<SignalReturn> restore_rt_frame(PtRegs& regs);

// Whether `stack_pointer` lies on the alternate stack (Linux: on_sig_stack).
constexpr bool on_sig_stack(const SignalStack& altstack, u32 stack_pointer) {
    return stack_pointer > altstack.sp && stack_pointer - altstack.sp <= altstack.size;
}

} // namespace faultline
