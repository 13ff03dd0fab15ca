// The steps of bringing the machine up, in the order in which setup.cpp takes them. All run once, on the boot
// CPU, interrupts masked.
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
void clock_init();          // clock_ns() works
void pmu_init();            // instructions_retired() works
void timer_init(u32 intid); // set_next_event() works

} // namespace faultline
