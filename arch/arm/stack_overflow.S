// A kernel stack that has run into its guard, in the debug kernel. The frame of the exception cannot be stored there, so it
// goes to a stack that this CPU has for nothing else, and the report is made from that one.

#include "arch/arm/frame.inc"

#ifdef FAULTLINE_DEBUG

#define CPUS 8      // machine::MAX_CPUS; kernel_stack.cpp asserts it
#define MPIDR_CPU 7 // of MPIDR.Aff0: the CPU's number (<arch/processor.hpp>)

// C++ name, as the Itanium ABI mangles it.
#define kernel_stack_overflow _ZN9faultline21kernel_stack_overflowERKNS_6PtRegsE

    .text
    .arm

// check_stack comes here from the mode of the exception, with the address to return to in its lr. All registers are those
// of the interrupted kernel code, whose sp and lr are the supervisor mode's. This mode's own sp is free.
    .macro stack_overflow mode
stack_overflow_\mode:
    .global stack_overflow_\mode
    mrc p15, 0, sp, c0, c0, 5       @ MPIDR
    and sp, sp, #MPIDR_CPU
    ldr sp, [pc, sp, lsl #2]
    b 1f
    .set top, overflow_stacks       @ that word of this table: pc is two instructions ahead
    .rept CPUS
    .set top, top + KERNEL_STACK_SLOT
    .word top
    .endr
1:  sub sp, sp, #S_FRAME_SIZE
    stmib sp, {r0-r12}
    mrs r0, spsr
    str r0, [sp, #S_CPSR]
    str lr, [sp, #S_PC]
    mov r0, sp
    cps #MODE_SVC
    str sp, [r0, #S_SP]
    str lr, [r0, #S_LR]
    mov sp, r0
    bl kernel_stack_overflow        @ never returns
    .endm

    stack_overflow MODE_ABT
    stack_overflow MODE_IRQ
    stack_overflow MODE_UND

    .section .bss.stack_slots, "aw", %nobits
    .balign KERNEL_STACK_SLOT
overflow_stacks:
    .space CPUS * KERNEL_STACK_SLOT

#endif
