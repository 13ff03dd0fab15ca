// The first instruction, and what must be counted exactly: the counter, a loop of system calls, loops that touch pages.
    .syntax unified
    .arm
    .text

// main(stack, counter when the first instruction ran)
    .global _start
    .type _start, %function
_start:
    mrrc    p15, 1, r2, r3, c14     // CNTVCT (ARM ARM B4.1.34)
    mov     r0, sp
    bic     sp, sp, #7
    mov     fp, #0
    mov     lr, #0
    b       bench_main
    .size _start, . - _start

// CNTVCT under three names. profile.sh looks at what lies between an execution of bench_begin and one of bench_end.
    .global bench_counter, bench_begin, bench_end
    .type bench_counter, %function
    .type bench_begin, %function
    .type bench_end, %function
bench_counter:
    isb
    mrrc    p15, 1, r0, r1, c14
    bx      lr
bench_begin:
    isb
    mrrc    p15, 1, r0, r1, c14
    bx      lr
bench_end:
    isb
    mrrc    p15, 1, r0, r1, c14
    bx      lr
    .size bench_counter, bench_begin - bench_counter
    .size bench_begin, bench_end - bench_begin
    .size bench_end, . - bench_end

// long bench_calls(number, arguments, times): makes one system call again and again; the result of the last one. A turn is
// BENCH_CALL_LOOP instructions besides `svc`.
    .global bench_calls
    .type bench_calls, %function
bench_calls:
    push    {r4-r9, lr}
    mov     r7, r0
    mov     r9, r2
    mov     r6, r1
    ldm     r6, {r0-r5}
    mov     r8, r0
    .balign 32
1:  mov     r0, r8
    svc     0
    subs    r9, r9, #1
    bne     1b
    pop     {r4-r9, pc}
    .size bench_calls, . - bench_calls

// void bench_write_pages(first, pages, bytes from one to the next), and bench_read_pages. A turn is BENCH_TOUCH_LOOP
// instructions, with the one that touches the page.
    .global bench_write_pages, bench_read_pages
    .type bench_write_pages, %function
    .type bench_read_pages, %function
    .balign 32
bench_write_pages:
    str     r1, [r0]
    add     r0, r0, r2
    subs    r1, r1, #1
    bne     bench_write_pages
    bx      lr
    .size bench_write_pages, . - bench_write_pages
    .balign 32
bench_read_pages:
    ldr     r3, [r0]
    add     r0, r0, r2
    subs    r1, r1, #1
    bne     bench_read_pages
    bx      lr
    .size bench_read_pages, . - bench_read_pages

    .section .note.GNU-stack, "", %progbits
