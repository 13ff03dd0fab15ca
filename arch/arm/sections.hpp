// The bounds of the parts of the kernel image, from linker/kernel.lds. Page-aligned, ends exclusive. Use only the
// addresses of these symbols.
#pragma once

extern "C" {
extern char __text_start[], __text_end[];
extern char __rodata_start[], __rodata_end[];
extern char __extab_start[], __exidx_start[], __exidx_end[]; // not page-aligned
extern char __bss_start[], __bss_end[];
extern char _end[];
extern char vector_page[];
extern char boot_stack[];
extern char __stack_slots_start[], __stack_slots_end[];
}
