// The vector page, mapped read-only and executable for everybody at VECTOR_PAGE: the eight exception vectors, the
// sigreturn trampolines, and the helpers that Linux offers programs at fixed addresses
// (Documentation/arm/kernel_user_helpers.rst), which only old ones call. Position-independent: linked elsewhere.

#include "arch/arm/layout.h"

    .syntax unified

    .section .vectors, "a"
    .arm
    .balign 4096
    .global vector_page
vector_page:
    ldr pc, vector_reset_address    // too far away for a branch
    ldr pc, vector_und_address
    ldr pc, vector_svc_address
    ldr pc, vector_pabt_address
    ldr pc, vector_dabt_address
    ldr pc, vector_unused_address
    ldr pc, vector_irq_address
    ldr pc, vector_fiq_address

vector_reset_address:   .word vector_unexpected
vector_und_address:     .word vector_und
vector_svc_address:     .word vector_svc
vector_pabt_address:    .word vector_pabt
vector_dabt_address:    .word vector_dabt
vector_unused_address:  .word vector_unexpected
vector_irq_address:     .word vector_irq
vector_fiq_address:     .word vector_unexpected

// Where a handler returns to whose sigaction named no restorer; sigreturn is 119, rt_sigreturn 173.
    .org SIGRETURN_ARM - VECTOR_PAGE
    mov r7, #119
    svc 0
    .org RT_SIGRETURN_ARM - VECTOR_PAGE
    mov r7, #173
    svc 0
    .thumb
    .org SIGRETURN_THUMB - VECTOR_PAGE
    movs r7, #119
    svc 0
    .org RT_SIGRETURN_THUMB - VECTOR_PAGE
    movs r7, #173
    svc 0
    .arm

// int kuser_cmpxchg64(const s64* old, const s64* new, volatile s64* where): 0 and C set if it stored.
    .org 0xf60
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
    .org 0xfa0
    dmb
    bx lr

// int kuser_cmpxchg(s32 old, s32 new, volatile s32* where): 0 and C set if it stored. Its slot is 32 bytes: it ends
// at 3 below.
    .org 0xfc0
    dmb
1:  ldrex r3, [r2]
    subs r3, r3, r0
    bne 2f
    strex r3, r1, [r2]
    cmp r3, #0
    bne 1b
2:  b 3f

// void* kuser_get_tls()
    .org 0xfe0
    mrc p15, 0, r0, c13, c0, 3      @ TPIDRURO
    bx lr
    .org 0xff0
3:  rsbs r0, r3, #0
    dmb
    bx lr

// The number of helpers, counted in slots of 32 bytes: 5 is up to cmpxchg64.
    .org 0xffc
    .word 5
