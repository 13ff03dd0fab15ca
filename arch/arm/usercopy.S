// Bulk access to user memory. uaccess.cpp has checked the addresses. The copies return the number of bytes not done.

#include "arch/arm/layout.h"
#include "arch/arm/copy_template.inc"

    .text
    .arm

// u32 usercopy_from(void* to, u32 from, u32 bytes): faults where it loads
function usercopy_from
    copy_loop 1, 0
    mov r0, r2
    bx lr

// u32 usercopy_to(u32 to, const void* from, u32 bytes): faults where it stores
function usercopy_to
    copy_loop 0, 1
    mov r0, r2
    bx lr

// u32 usercopy_probe(u32 word, u32 write): 1 if the access is possible, 0 if it faults. abort.cpp recognises this
// function by its address range.
function usercopy_probe
    cmp r1, #0
    access 1, 1f, ldrt r2, [r0]
    beq 2f
    access 1, 1f, strt r2, [r0]
2:
    mov r0, #1
    bx lr
1:
    mov r0, #0
    bx lr
    .global usercopy_probe_end
usercopy_probe_end:

// u32 usercopy_clear(u32 to, u32 bytes)
function usercopy_clear
    mov r2, r1
    mov r1, #0
    fill_loop 1
    mov r0, r2
    bx lr
