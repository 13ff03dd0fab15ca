// The rest of the vector page, behind the vectors of entry.S: code for programs at fixed addresses. The sigreturn
// trampolines, and the helpers that only old programs call (Linux Documentation/arm/kernel_user_helpers.rst).
// Position-independent: it is mapped elsewhere than it is linked.

#include "arch/arm/layout.h"

    .syntax unified

    .section .vectors.user, "a"
    .arm

// What follows stands at this address. The section begins where the first trampoline is.
    .macro at address:vararg
    .org \address - (SIGRETURN_ARM)
    .endm

// Where a handler without SA_RESTORER returns to. The calls are sigreturn, 119, and rt_sigreturn, 173.
    at SIGRETURN_ARM
    mov r7, #119
    svc 0
    at RT_SIGRETURN_ARM
    mov r7, #173
    svc 0
    .thumb
    at SIGRETURN_THUMB
    movs r7, #119
    svc 0
    at RT_SIGRETURN_THUMB
    movs r7, #173
    svc 0
    .arm

// int kuser_cmpxchg64(const s64* old, const s64* new, volatile s64* where): 0 and C set if it stored.
    at VECTOR_PAGE + 0xf60
    push {r4, r5, r6, r7}
    ldrd r4, r5, [r0]
    ldrd r6, r7, [r1]
    dmb
1:  ldrexd r0, r1, [r2]
    eor r0, r0, r4
    eor r1, r1, r5
    orrs r0, r0, r1
    bne 2f
    strexd r3, r6, r7, [r2]
    cmp r3, #0
    bne 1b
2:  dmb
    rsbs r0, r0, #0
    pop {r4, r5, r6, r7}
    bx lr

// void kuser_memory_barrier()
    at VECTOR_PAGE + 0xfa0
    dmb
    bx lr

// int kuser_cmpxchg(s32 old, s32 new, volatile s32* where): 0 and C set if it stored. Its slot is 32 bytes: it ends
// at 3 below.
    at VECTOR_PAGE + 0xfc0
    dmb
1:  ldrex r3, [r2]
    subs r3, r3, r0
    bne 2f
    strex r3, r1, [r2]
    cmp r3, #0
    bne 1b
2:  b 3f

// void* kuser_get_tls()
    at VECTOR_PAGE + 0xfe0
    mrc p15, 0, r0, c13, c0, 3      @ TPIDRURO
    bx lr
    at VECTOR_PAGE + 0xff0
3:  rsbs r0, r3, #0
    dmb
    bx lr

// The number of helpers, counted in slots of 32 bytes: 5 is up to cmpxchg64.
    at VECTOR_PAGE + 0xffc
    .word 5
