// The first user instruction. Linux puts argc at sp, then argv, a null word, envp, a null word, and the auxiliary
// vector. sp is aligned to 8 bytes; bss is zero (the kernel clears what the file does not hold).
    .syntax unified
    .arm
    .text

    .global _start
    .type _start, %function
_start:
    mov     fp, #0                  // the outermost frame
    mov     lr, #0
    mov     r0, sp
    bl      ulib_start
    ldr     r0, [sp]                // argc
    add     r1, sp, #4              // argv
    add     r2, r1, r0, lsl #2
    add     r2, r2, #4              // envp
    bl      main
    bl      exit
    .size _start, . - _start

// newlib calls these around the arrays of constructors and destructors. They belong to the older mechanism and do
// nothing.
    .global _init, _fini
    .type _init, %function // so that Thumb callers switch state
    .type _fini, %function
_init:
_fini:
    bx      lr

    .section .note.GNU-stack, "", %progbits
