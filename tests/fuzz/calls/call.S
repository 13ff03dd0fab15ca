// A system call of any number, also one that returns in a new process or thread: that one never comes back here.
#include <asm/unistd.h>

    .syntax unified
    .arm
    .text

// Makes call r0 with the six arguments at r1.
    .macro make_call
    push    {r4, r5, r6, r7, r8, lr}
    mov     r7, r0
    mov     r12, r1
    ldm     r12, {r0, r1, r2, r3, r4, r5}
    svc     0
    .endm

// long fuzz_call(long number, const long* arguments): what r0 holds afterwards.
    .global fuzz_call
    .type fuzz_call, %function
fuzz_call:
    make_call
    pop     {r4, r5, r6, r7, r8, pc}
    .size fuzz_call, . - fuzz_call

// long fuzz_split(long number, const long* arguments): for fork and its relatives. The child calls fuzz_child() on the
// stack that it got.
    .global fuzz_split
    .type fuzz_split, %function
fuzz_split:
    make_call
    cmp     r0, #0
    popne   {r4, r5, r6, r7, r8, pc}
    bic     sp, sp, #7              // any stack will do
    bl      fuzz_child
    .size fuzz_split, . - fuzz_split

    .section .note.GNU-stack, "", %progbits
