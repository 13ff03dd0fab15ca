// From the vector to C++ and back: the vectors, aborts, and the two ways back that all exceptions share.

#include "arch/arm/frame.inc"

// The first part of the page that is mapped, read-only and executable, at VECTOR_PAGE. The rest: kuser.S.
    .section .vectors, "a"
    .arm
    .balign 4096
    .global vector_page
vector_page:
    ldr pc, 1f                      // too far away for a branch
    ldr pc, 2f
    ldr pc, 3f
    ldr pc, 4f
    ldr pc, 5f
    ldr pc, 6f
    ldr pc, 7f
    ldr pc, 8f
1:  .word vector_unexpected         // reset
2:  .word vector_und
3:  .word vector_svc
4:  .word vector_pabt
5:  .word vector_dabt
6:  .word vector_unexpected         // Hyp trap
7:  .word vector_irq
8:  .word vector_unexpected         // FIQ
    .org SIGRETURN_ARM - VECTOR_PAGE

    .text
    .arm

// The faulting instruction's address is lr - 8 for data, lr - 4 for a fetch, in ARM and in Thumb state (ARM ARM B1.8.3).
entry vector_dabt
    sub lr, lr, #8
    check_stack MODE_ABT
    save_user_registers
    mrc p15, 0, r0, c6, c0, 0       @ DFAR
    mrc p15, 0, r1, c5, c0, 0       @ DFSR
    handle do_data_abort, do_data_abort_in_kernel, r2

entry vector_pabt
    sub lr, lr, #4
    check_stack MODE_ABT
    save_user_registers
    mrc p15, 0, r0, c6, c0, 2       @ IFAR
    mrc p15, 0, r1, c5, c0, 1       @ IFSR
    handle do_prefetch_abort, do_prefetch_abort_in_kernel, r2

// C++ names, as the Itanium ABI mangles them.
#define prepare_exit_to_user _ZN9faultline20prepare_exit_to_userERNS_6PtRegsE

// Back to user mode; sp is the frame. Mostly there is nothing to prepare. The debug kernel always looks: it watches interrupts.
entry ret_to_user
    cpsid i
#ifndef FAULTLINE_DEBUG
    mrc p15, 0, r0, c13, c0, 4      @ TPIDRPRW: current
    ldrh r0, [r0, #TASK_EXIT_WORK]
    cmp r0, #0
    beq 1f
#endif
    mov r0, sp
    bl prepare_exit_to_user
1:  clrex                           @ a reservation must not outlive the interruption
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
