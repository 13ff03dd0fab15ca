// Addresses and offsets that assembly and C++ must agree on. Preprocessor macros only, because the assembler reads this
// file too. context.cpp asserts that the offsets match the structures.
#pragma once

// The linear mapping: virtual = physical + (PAGE_OFFSET - PHYS_OFFSET). The RAM of QEMU's `virt` begins at PHYS_OFFSET.
#define PHYS_OFFSET 0x40000000
#define PAGE_OFFSET 0x80000000
#define VIRT_TO_PHYS_DELTA (PAGE_OFFSET - PHYS_OFFSET)
#define LINEAR_LIMIT 0x40000000 // bytes: the linear mapping ends at 0xc0000000

#define STACK_AREA 0xc0000000  // up to DEVICE_AREA: where the debug kernel maps kernel stacks (kernel_stack.cpp)
#define DEVICE_AREA 0xf0000000 // the megabyte that ioremap() maps devices in
#define VECTOR_PAGE 0xffff0000 // SCTLR.V = 1
#define TEXT_ALIAS 0xffff1000  // where a page of the kernel's text is mapped while it is changed (paging.cpp)

// In the vector page: where a signal handler without SA_RESTORER returns to (kuser.S).
#define SIGRETURN_ARM (VECTOR_PAGE + 0x500)
#define RT_SIGRETURN_ARM (VECTOR_PAGE + 0x508)
#define SIGRETURN_THUMB (VECTOR_PAGE + 0x510)
#define RT_SIGRETURN_THUMB (VECTOR_PAGE + 0x514)

// A kernel stack is one naturally aligned block. Its lowest word holds STACK_END_MAGIC; another value there means that
// the stack has overflowed.
#define KERNEL_STACK_SIZE 8192
#define STACK_END_MAGIC 0x57ac6e9d // Linux: include/uapi/linux/magic.h

// In the debug kernel a stack is the upper half of such a slot, and nothing is mapped in the lower half, the guard. So the
// bit KERNEL_STACK_SIZE of an address tells whether it is on a stack or in a guard.
#define KERNEL_STACK_SLOT (2 * KERNEL_STACK_SIZE)

// struct PtRegs, <arch/ptrace.hpp>.
#define S_ORIG_R0 0
#define S_R0 4
#define S_SP 56
#define S_LR 60
#define S_PC 64
#define S_CPSR 68
#define S_FRAME_SIZE 72
#define S_BELOW_SRS 64 // the size of the frame without pc and cpsr, which SRS stores

// Where a task has the two bytes that tell of work before it goes back to user mode: EXIT_WORK_OFFSET, <arch/ptrace.hpp>.
#define TASK_EXIT_WORK 16

// struct CpuContext, <arch/context.hpp>.
#define CONTEXT_SP 0
#define CONTEXT_TPIDRURO 4
#define CONTEXT_TPIDRURW 8
#define CONTEXT_FPSCR 12
#define CONTEXT_VFP 16

// Stations that stand in assembly, base/stations.def.
#define STATION_SYS_ENTER 24
#define STATION_SYS_EXIT 25

// CPSR.M, <arch/psr.hpp>.
#define MODE_USR 0x10
#define MODE_IRQ 0x12
#define MODE_SVC 0x13
#define MODE_ABT 0x17
#define MODE_UND 0x1b
#define MODE_MASK 0x1f
