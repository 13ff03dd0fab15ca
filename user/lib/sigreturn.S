// The code to which a signal handler returns: SA_RESTORER of sigaction(2).
#include <asm/unistd.h>

    .syntax unified
    .arm
    .text

    .global ulib_rt_sigreturn
    .type ulib_rt_sigreturn, %function
ulib_rt_sigreturn:
    mov     r7, #__NR_rt_sigreturn
    svc     0
    .size ulib_rt_sigreturn, . - ulib_rt_sigreturn

    .section .note.GNU-stack, "", %progbits
