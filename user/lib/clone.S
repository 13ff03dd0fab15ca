// clone(2) for threads. The child starts on an empty stack, so the function and its argument are passed in registers.
#include <asm/unistd.h>

    .syntax unified
    .arm
    .text

// long ulib_clone_thread(flags, stack, parent_tid, tls, child_tid, function, argument)
    .global ulib_clone_thread
    .type ulib_clone_thread, %function
ulib_clone_thread:
    push    {r4, r5, r6, r7, r8, lr}
    ldr     r4, [sp, #24]           // child_tid
    ldr     r5, [sp, #28]           // function
    ldr     r6, [sp, #32]           // argument
    ldr     r7, =__NR_clone
    svc     0
    cmp     r0, #0
    popne   {r4, r5, r6, r7, r8, pc}
    mov     r0, r6
    blx     r5
    mov     r0, #0
    ldr     r7, =__NR_exit
    svc     0
    .size ulib_clone_thread, . - ulib_clone_thread

    .section .note.GNU-stack, "", %progbits
