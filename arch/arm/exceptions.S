// The other ways into the kernel: system calls, interrupts, undefined instructions. And where new tasks begin.

#include "arch/arm/frame.inc"

// C++ names, as the Itanium ABI mangles them: contract functions are called without a detour.
#define handle_syscall _ZN9faultline14handle_syscallERNS_6PtRegsE
#define return_to_user _ZN9faultline14return_to_userERNS_6PtRegsE

    .text
    .arm

// System call. Interrupts on for its whole length.
entry vector_svc
    srsdb sp!, #MODE_SVC
    sub sp, sp, #S_BELOW_SRS
    stmib sp, {r0-r14}^
    str r0, [sp, #S_ORIG_R0]
    mov fp, #0                      @ a backtrace ends here
    mov r0, sp
    cpsie i
    bl handle_syscall
    b ret_to_user

entry vector_irq
    sub lr, lr, #4
    check_stack MODE_IRQ
    save_user_registers
    handle handle_irq, handle_irq_in_kernel

// lr is the instruction after the undefined one; do_undefined steps back by its size.
entry vector_und
    check_stack MODE_UND
    save_user_registers
    handle do_undefined, do_undefined

// Reset, FIQ, and the vector that is only used for Hyp traps: none can happen.
entry vector_unexpected
    save_user_registers
    mov r0, sp
    bic sp, sp, #7
    bl do_unexpected                @ never returns

// [[noreturn]] void return_to_user(PtRegs&)
entry return_to_user
    mov sp, r0
    mov fp, #0
    b ret_to_user

// Where init_context() makes a new task begin: entry(argument), left in r4 and r5.
entry start_of_task
    add sp, sp, #4                  @ SwitchFrame's padding: 8-aligned again, as calls want it
    mov fp, #0
    mov r0, r5
    mov lr, #0
    bx r4
