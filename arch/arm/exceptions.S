// The other ways into the kernel: system calls, interrupts, undefined instructions. And where new tasks begin.

#include "arch/arm/frame.inc"

// C++ names, as the Itanium ABI mangles them: contract functions are called without a detour.
#define handle_syscall _ZN9faultline14handle_syscallERNS_6PtRegsEj
#define trace_sys_enter _ZN9faultline15trace_sys_enterERKNS_6PtRegsEj
#define trace_sys_exit _ZN9faultline14trace_sys_exitERKNS_6PtRegsEj
#define return_to_user _ZN9faultline14return_to_userERNS_6PtRegsE

    .text
    .arm

// A station: a NOP, in whose place stands a branch to `watched` while the station is watched (<arch/static_branch.hpp>).
    .macro station number, watched
9999:
    nop
    .pushsection __jump_table, "a"
    .word 9999b, \watched, \number
    .popsection
    .endm

// System call. Interrupts on for its whole length. The number stays in r7, which functions preserve.
entry vector_svc
    srsdb sp!, #MODE_SVC
    sub sp, sp, #S_BELOW_SRS
    stmib sp, {r0-r14}^
    str r0, [sp, #S_ORIG_R0]
    cpsie i
    station STATION_SYS_ENTER, 3f
1:  mov r0, sp
    mov r1, r7
    bl handle_syscall
    str r0, [sp, #S_R0]
    station STATION_SYS_EXIT, 4f
2:  b ret_to_user
3:  mov r0, sp
    mov r1, r7
    bl trace_sys_enter
    b 1b
4:  mov r0, sp
    mov r1, r7
    bl trace_sys_exit
    b 2b

entry vector_irq
    sub lr, lr, #4
    check_stack MODE_IRQ
    save_user_registers
    handle handle_irq, handle_irq_in_kernel

// lr is the instruction after the undefined one; do_undefined steps back by its size.
entry vector_und
    check_stack MODE_UND
    save_user_registers
    handle do_undefined, do_undefined

// Reset, FIQ, and the vector that is only used for Hyp traps: none can happen.
entry vector_unexpected
    save_user_registers
    mov r0, sp
    bic sp, sp, #7
    bl do_unexpected                @ never returns

// [[noreturn]] void return_to_user(PtRegs&)
entry return_to_user
    mov sp, r0
    b ret_to_user

// Where init_context() makes a new task begin: entry(argument), left in r4 and r5.
entry start_of_task
    add sp, sp, #4                  @ SwitchFrame's padding: 8-aligned again, as calls want it
    mov r0, r5
    mov lr, #0                      @ a walk up the calls ends here
    bx r4
