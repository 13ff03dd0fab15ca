// The steps that bring the machine up, in the order in which setup.cpp takes them, with interrupts masked. Those of the
// second group run on every CPU; the others run once, on the boot CPU.
#pragma once

#include <arch/boot_info.hpp>

namespace faultline {

void paging_init_vectors();                               // afterwards exceptions and ioremap() work
void sort_extable();                                      // while the image is still writable
void device_tree_parse(const void* tree, BootInfo& info); // panics if it is malformed
void console_init(const DeviceInfo& uart);                // afterwards console_write() uses the UART
void paging_init(const BootInfo& info);                   // maps all of RAM, with W^X; removes the one-to-one mapping
void interrupts_init(const BootInfo& info);               // afterwards request_irq() works
void console_init_input(const DeviceInfo& uart);
void smp_init();            // afterwards smp_call_function_many() works
void clock_init();          // afterwards clock_ns() works
void timer_init(u32 intid); // afterwards set_next_event() works
void nap_init(u32 intid);   // afterwards nap() sleeps

void clock_init_cpu();      // user mode may read the clock
void pmu_init_cpu();        // starts the counter of instructions_retired()
void interrupts_init_cpu(); // this CPU takes interrupts
void timer_init_cpu();
void nap_init_cpu();

// Maps the page of text with the word at `code` once more, writable and not executable, and returns the word's address there.
// One caller at a time. paging.cpp.
u32* map_text_alias(u32 code);
void unmap_text_alias();

// The frequency of the generic timer's counter, in Hz.
u32 clock_frequency();

// Raises software-generated interrupt `intid` (0 – 15) at the CPUs of the mask `cpus`. These CPUs see the stores made
// before the call.
void send_sgi(u32 intid, CpuMask cpus);

} // namespace faultline
