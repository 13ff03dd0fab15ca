// Into the kernel and out of it. Every exception stores a PtRegs on the supervisor stack of the current task: SRS
// puts the return address and SPSR there from whatever mode the exception came in, and from then on that mode is
// forgotten; undefined, abort and interrupt mode have no stacks and keep no state.
//
// From user mode the supervisor stack is empty, so the frame is at its top (task_pt_regs). From the kernel it lies
// below whatever was interrupted, whose stack pointer is then not in the frame's reach: it is the frame's end.

#include "arch/arm/layout.h"

    .syntax unified

// C++ names, as the Itanium ABI mangles them: contract functions are called without a detour.
#define handle_syscall _ZN9faultline14handle_syscallERNS_6PtRegsE
#define prepare_exit_to_user _ZN9faultline20prepare_exit_to_userERNS_6PtRegsE
#define return_to_user _ZN9faultline14return_to_userERNS_6PtRegsE

    .text
    .arm

// pc and cpsr, then the rest with the *user* bank's sp and lr. `lr` holds the address to return to.
    .macro save_user_registers
    srsdb sp!, #MODE_SVC
    cps #MODE_SVC
    sub sp, sp, #S_BELOW_SRS
    stmib sp, {r0-r14}^
    .endm

// The registers of interrupted kernel code go over what save_user_registers stored; r4 keeps the frame's address
// while sp is rounded down for the C++ ABI: the interrupted code may have been anywhere.
    .macro to_kernel_frame
    add r3, sp, #S_FRAME_SIZE
    str r3, [sp, #S_SP]
    str lr, [sp, #S_LR]
    mov r4, sp
    bic sp, sp, #7
    mov r0, r4
    .endm

// Z set if the frame is of user mode. Clobbers r3.
    .macro test_user_mode
    ldr r3, [sp, #S_CPSR]
    tst r3, #0xf
    .endm

    .macro entry name
    .global \name
    .type \name, %function
    .balign 32
\name:
    .endm

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
entry ret_to_user
    cpsid i
    mov r0, sp
    bl prepare_exit_to_user
    clrex                           @ a reservation must not outlive the interruption
    ldmib sp, {r0-r14}^
    add sp, sp, #S_BELOW_SRS
    rfeia sp!

// Back into interrupted kernel code; r4 is the frame.
entry ret_to_kernel
    mov sp, r4
    clrex
    ldr lr, [sp, #S_LR]
    ldmib sp, {r0-r12}
    add sp, sp, #S_BELOW_SRS
    rfeia sp!

// An abort: the faulting instruction's address is lr - 8 for data, lr - 4 for a fetch, in both states.
    .macro abort name, offset, status, address, handler
entry \name
    sub lr, lr, #\offset
    save_user_registers
    mrc p15, 0, r1, c5, c0, \status
    mrc p15, 0, r2, c6, c0, \address
    test_user_mode
    bne 1f
    mov fp, #0
    mov r0, sp
    bl \handler
    b ret_to_user
1:  to_kernel_frame
    bl \handler
    b ret_to_kernel
    .endm

    abort vector_dabt, 8, 0, 0, do_data_abort
    abort vector_pabt, 4, 1, 2, do_prefetch_abort

entry vector_irq
    sub lr, lr, #4
    save_user_registers
    test_user_mode
    bne 1f
    mov fp, #0
    mov r0, sp
    bl handle_irq
    b ret_to_user
1:  to_kernel_frame
    bl handle_irq_in_kernel
    b ret_to_kernel

// lr is the instruction after the undefined one; do_undefined steps back by its size.
entry vector_und
    save_user_registers
    test_user_mode
    bne 1f
    mov fp, #0
    mov r0, sp
    bl do_undefined
    b ret_to_user
1:  to_kernel_frame
    bl do_undefined
    b ret_to_kernel

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
