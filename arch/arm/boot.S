// The first instructions: from the boot loader's environment (physical addresses, MMU off) to C++ at its linked
// address.
//
// The image is loaded at its physical address, VIRT_TO_PHYS_DELTA below the address that it is linked for. r2 holds the
// physical address of the device tree (Linux Documentation/arm/booting.rst). The translation table made here is
// temporary: it has sections that permit everything. paging.cpp replaces it by the final tables before anything else
// happens. The other CPUs start at secondary_start, where PSCI puts them, and use the final tables.

#include "arch/arm/layout.h"

// Section descriptor: privileged read-write, Normal write-back write-allocate, shareable, domain 0 (ARM ARM B3.5.1).
// arch/armv7/short_descriptor.hpp defines the same format as constexpr; paging.cpp asserts that they agree.
#define BOOT_SECTION 0x0001140e
#define BOOT_SECTION_XN (BOOT_SECTION | 0x10)

// TTBR attributes: walks are inner and outer write-back write-allocate, inner shareable (B4.1.154).
#define TTBR_WALK 0x6a

// SCTLR bits (B4.1.130). Off: TE, AFE, TRE, A, so ARM state, AP[2:0], TEX without remap, unaligned access. On: M, C, Z, I,
// V (vectors at 0xffff0000), UWXN.
#define SCTLR_OFF 0x70000002
#define SCTLR_ON 0x00103805

#define CPACR_CP10_CP11 0x00f00000 // full access to coprocessors 10 and 11, VFP and NEON (B4.1.40)
#define FPEXC_EN 0x40000000        // VFP and NEON on (B6.1.38)

    .syntax unified
    .fpu neon

    .macro phys reg, symbol
    ldr \reg, =(\symbol - VIRT_TO_PHYS_DELTA)
    .endm

    // Turns the MMU and the caches on. Both halves of the address space use the table at physical address r4. Clobbers
    // r0 – r2.
    .macro enable_mmu
    mov r0, #0
    mcr p15, 0, r0, c7, c5, 0       @ ICIALLU
    mcr p15, 0, r0, c7, c5, 6       @ BPIALL
    mcr p15, 0, r0, c8, c7, 0       @ TLBIALL
    orr r1, r4, #TTBR_WALK
    mcr p15, 0, r1, c2, c0, 0       @ TTBR0
    mcr p15, 0, r1, c2, c0, 1       @ TTBR1
    mov r1, #1
    mcr p15, 0, r1, c2, c0, 2       @ TTBCR: N = 1, short descriptors
    mcr p15, 0, r1, c3, c0, 0       @ DACR: domain 0 client, the others no access
    mcr p15, 0, r0, c13, c0, 1      @ CONTEXTIDR: ASID 0
    dsb
    isb
    mrc p15, 0, r1, c1, c0, 0       @ SCTLR
    ldr r2, =SCTLR_OFF
    bic r1, r1, r2
    ldr r2, =SCTLR_ON
    orr r1, r1, r2
    mcr p15, 0, r1, c1, c0, 0
    isb
    .endm

    // Clobbers r0.
    .macro enable_vfp
    mrc p15, 0, r0, c1, c0, 2       @ CPACR
    orr r0, r0, #CPACR_CP10_CP11
    mcr p15, 0, r0, c1, c0, 2
    isb
    mov r0, #FPEXC_EN
    vmsr fpexc, r0
    mov r0, #0
    vmsr fpscr, r0
    .endm

    .section .text.boot, "ax"
    .arm
    .global _start
_start:
    cpsid aif, #MODE_SVC
    mov r11, r2                     @ r11 keeps the device tree's address

    phys r0, __bss_start
    phys r1, __bss_end
    mov r2, #0
    mov r3, #0
1:  cmp r0, r1
    strdlo r2, r3, [r0], #8
    blo 1b

    // One 16 KiB table serves both registers: TTBR1 indexes it with all of VA[31:20], TTBR0 uses its lower half. The
    // image's megabytes are mapped twice: at their linked address, and one to one, because the pc is still physical.
    phys r4, swapper_pg_dir
    phys r0, _start
    phys r1, _end
    lsr r0, r0, #20
2:  lsl r2, r0, #20
    ldr r3, =BOOT_SECTION
    orr r2, r2, r3
    str r2, [r4, r0, lsl #2]
    add r3, r0, #(VIRT_TO_PHYS_DELTA >> 20)
    str r2, [r4, r3, lsl #2]
    add r0, r0, #1
    cmp r0, r1, lsr #20
    bls 2b

    // The device tree's first two megabytes, at the linked address only. A megabyte that the image already uses stays
    // as it is.
    lsr r0, r11, #20
    mov r5, #2
3:  add r3, r0, #(VIRT_TO_PHYS_DELTA >> 20)
    ldr r2, [r4, r3, lsl #2]
    cmp r2, #0
    ldreq r2, =BOOT_SECTION_XN
    orreq r2, r2, r0, lsl #20
    streq r2, [r4, r3, lsl #2]
    add r0, r0, #1
    subs r5, r5, #1
    bne 3b

    enable_mmu
    ldr pc, =start_virtual

    .ltorg

start_virtual:
    ldr sp, =boot_stack + KERNEL_STACK_SIZE
    ldr r0, =STACK_END_MAGIC
    ldr r1, =boot_stack
    str r0, [r1]

    enable_vfp

    mov r0, r11
    bl setup_machine                @ never returns

// Where PSCI CPU_ON (smp.cpp) makes a CPU begin: supervisor mode, MMU off. r0 is the top of its stack. paging.cpp has
// the image's first megabyte mapped one to one for as long as this takes.
    .global secondary_start
secondary_start:
    cpsid aif, #MODE_SVC
    mov r11, r0
    phys r4, swapper_pg_dir
    enable_mmu
    ldr pc, =secondary_virtual

    .ltorg

secondary_virtual:
    mov sp, r11
    enable_vfp
    bl setup_secondary              @ never returns

    .section .bss.stack_slots, "aw", %nobits
#ifdef FAULTLINE_DEBUG
    .balign KERNEL_STACK_SLOT
    .space KERNEL_STACK_SIZE        @ the guard
#else
    .balign KERNEL_STACK_SIZE
#endif
    .global boot_stack
boot_stack:
    .space KERNEL_STACK_SIZE
