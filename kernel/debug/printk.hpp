// Kernel messages on the console, each a line with the time since boot.
#pragma once

namespace faultline {

enum PrintkLevel : int { // Linux: include/linux/kern_levels.h
    KERN_ERR = 3,
    KERN_WARNING = 4,
    KERN_NOTICE = 5,
    KERN_INFO = 6,
    KERN_DEBUG = 7,
};

// Messages of a level below this are printed (boot argument loglevel=0 … 8). 7, as on Linux, until it is set.
extern int console_loglevel;

// Prints one message; a newline is added. Cut after some 500 bytes. Callable anywhere, interrupts included.
// `format` is what kernel/debug/format.hpp understands.
void printk(PrintkLevel level, const char* format, ...) __attribute__((format(printf, 2, 3)));

// The text alone, whatever the level: for reports of several lines, and for panics.
void console_printf(const char* format, ...) __attribute__((format(printf, 1, 2)));

// From here on messages wait for nobody: for panics, when other CPUs have been stopped. (Linux: bust_spinlocks.)
void bust_printk_lock();

} // namespace faultline
