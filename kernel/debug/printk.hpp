// Kernel messages on the console: one line each, with the time since boot.
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

// Prints one message and adds a newline. A message is cut after about 500 bytes. Callable from anywhere, interrupt
// handlers included. kernel/debug/format.hpp says what `format` may contain.
void printk(PrintkLevel level, const char* format, ...) __attribute__((format(printf, 2, 3)));

// Prints only the text, at any loglevel: for reports of several lines, and for panics. Callable from anywhere.
void console_printf(const char* format, ...) __attribute__((format(printf, 1, 2)));

// After this call, printing no longer takes the lock that keeps lines from mixing. panic() calls it before it stops the
// other CPUs, because one of them may hold that lock. (Linux: bust_spinlocks.)
void bust_printk_lock();

} // namespace faultline
