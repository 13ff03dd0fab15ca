// The memory functions that the compiler calls by name (memcpy, memset, memmove), and clear_page and copy_page.

#include "arch/arm/layout.h"
#include "arch/arm/copy_template.inc"

// C++ names, as the Itanium ABI mangles them.
#define clear_page _ZN9faultline10clear_pageEPv
#define copy_page _ZN9faultline9copy_pageEPvPKv

    .text
    .arm

// void* memcpy(void* to, const void* from, size_t bytes)
function memcpy
    mov ip, r0
    copy_loop 0, 0
    mov r0, ip
    bx lr

// void* memset(void* to, int byte, size_t bytes). 64 bytes a round; what is left over is counted by its bits.
function memset
    mov ip, r0
    bfi r1, r1, #8, #8
    bfi r1, r1, #16, #16
    tst r0, #3
    bne 4f
1:  push {r4-r8, lr}
    unwind_pushed r4-r8, lr
    mov r3, r1
    mov r4, r1
    mov r5, r1
    subs r2, r2, #64
    mov r6, r1
    mov r7, r1
    mov r8, r1
    mov lr, r1
    blo 3f
2:  stmia r0!, {r1, r3-r8, lr}
    stmia r0!, {r1, r3-r8, lr}
    subs r2, r2, #64
    bhs 2b
3:  tst r2, #32                     @ subtracting 64 has left the lower bits alone
    stmiane r0!, {r1, r3-r8, lr}
    tst r2, #16
    stmiane r0!, {r1, r3-r5}
    tst r2, #8
    stmiane r0!, {r1, r3}
    tst r2, #4
    strne r1, [r0], #4
    tst r2, #2
    strhne r1, [r0], #2
    tst r2, #1
    strbne r1, [r0]
    mov r0, ip
    pop {r4-r8, pc}
    unwind_by_lr
4:  subs r2, r2, #1                 @ up to the next whole word
    blo 5f
    strb r1, [r0], #1
    tst r0, #3
    bne 4b
    b 1b
5:  mov r0, ip
    bx lr

// void* memmove(void* to, const void* from, size_t bytes). It copies upwards, except if `to` lies inside the source.
function memmove
    sub r3, r0, r1
    cmp r3, r2
    bhs memcpy
    add r1, r1, r2
    add ip, r0, r2
    subs r2, r2, #4
    blo 2f
1:  ldr r3, [r1, #-4]!
    str r3, [ip, #-4]!
    subs r2, r2, #4
    bhs 1b
2:  adds r2, r2, #4
    bxeq lr
3:  ldrb r3, [r1, #-1]!
    strb r3, [ip, #-1]!
    subs r2, r2, #1
    bne 3b
    bx lr

// A page at a time, by as many registers as there are, and without a loop: a count would take one of them.

// void clear_page(void* page)
function clear_page
    push {r4-r11, lr}
    unwind_pushed r4-r11, lr
    .irp register, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10, r11, ip, lr
    mov \register, #0
    .endr
    .rept 4096 / 52
    stmia r0!, {r1-r11, ip, lr}
    .endr
    stmia r0, {r1-r10} @ 4096 % 52
    pop {r4-r11, pc}

// void copy_page(void* to, const void* from)
function copy_page
    push {r4-r11, lr}
    unwind_pushed r4-r11, lr
    .rept 4096 / 48
    ldmia r1!, {r2-r11, ip, lr}
    stmia r0!, {r2-r11, ip, lr}
    .endr
    ldmia r1, {r2-r5} @ 4096 % 48
    stmia r0, {r2-r5}
    pop {r4-r11, pc}
