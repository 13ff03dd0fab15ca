// The steps of bringing the machine up, in the order in which setup.cpp takes them, interrupts masked. Those of the
// second group run on every CPU, the others once, on the boot CPU.
#pragma once

#include <arch/boot_info.hpp>

namespace faultline {

void paging_init_vectors();                               // exceptions and ioremap() work from here on
void sort_extable();                                      // while the image is still writable
void device_tree_parse(const void* tree, BootInfo& info); // panics if it is not a tree or lacks something
void console_init(const DeviceInfo& uart);                // console_write() reaches the UART
void paging_init(const BootInfo& info);                   // all of RAM mapped, W^X, nothing one to one
void interrupts_init(const BootInfo& info);               // request_irq() works
void console_init_input(const DeviceInfo& uart);
void smp_init();            // smp_call_function_many() works
void clock_init();          // clock_ns() works
void timer_init(u32 intid); // set_next_event() works
void nap_init(u32 intid);   // nap() sleeps

void clock_init_cpu();      // user mode may read the clock
void pmu_init_cpu();        // instructions_retired() works
void interrupts_init_cpu(); // this CPU takes interrupts
void timer_init_cpu();
void nap_init_cpu();

// Of the generic timer's counter, in Hz.
u32 clock_frequency();

// Raises software-generated interrupt `intid`, 0 – 15, at the CPUs of the mask. What was stored before is visible there.
void send_sgi(u32 intid, u32 cpus);

} // namespace faultline
