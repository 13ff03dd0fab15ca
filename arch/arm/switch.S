// The context switch, and saving and loading the VFP/NEON registers. The kernel itself does not compute with VFP.

#include "arch/arm/layout.h"

    .syntax unified

    .text
    .arm
    .fpu neon

// r0: the address of a CpuContext. Clobbers r1 and ip.
    .macro save_vfp_state
    vmrs r1, fpscr
    str r1, [r0, #CONTEXT_FPSCR]
    add ip, r0, #CONTEXT_VFP
    vstmia ip!, {d0-d15}
    vstmia ip, {d16-d31}
    .endm

    .macro restore_vfp_state
    ldr r1, [r0, #CONTEXT_FPSCR]
    add ip, r0, #CONTEXT_VFP
    vldmia ip!, {d0-d15}
    vldmia ip, {d16-d31}
    vmsr fpscr, r1
    .endm

    .macro save_thread_registers
    mrc p15, 0, r2, c13, c0, 3      @ TPIDRURO
    mrc p15, 0, r3, c13, c0, 2      @ TPIDRURW
    str r2, [r0, #CONTEXT_TPIDRURO]
    str r3, [r0, #CONTEXT_TPIDRURW]
    .endm

    .macro restore_thread_registers
    ldr r2, [r0, #CONTEXT_TPIDRURO]
    ldr r3, [r0, #CONTEXT_TPIDRURW]
    mcr p15, 0, r2, c13, c0, 3
    mcr p15, 0, r3, c13, c0, 2
    .endm

    .macro function name
    .global \name
    .type \name, %function
\name:
    .endm

// void switch_context(CpuContext& from, CpuContext& to)
function switch_context
    push {r4-r11, lr}
    str sp, [r0, #CONTEXT_SP]
    mov r5, r1
    save_thread_registers
    save_vfp_state
    mov r0, r5
    restore_thread_registers
    restore_vfp_state
    ldr sp, [r0, #CONTEXT_SP]
    clrex
    pop {r4-r11, pc}

// void save_user_registers(CpuContext&), void restore_user_registers(const CpuContext&): save or load the program's
// registers without a switch.
function save_user_registers
    save_thread_registers
    save_vfp_state
    bx lr
function restore_user_registers
    restore_thread_registers
    restore_vfp_state
    bx lr
