// Kernel messages on the console: one line each, with the time since boot.
#pragma once

#include <cstddef>

#include "base/rate_limit.hpp"
#include "base/types.hpp"

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
// handlers included. base/format.hpp says what `format` may contain.
void printk(PrintkLevel level, const char* format, ...) __attribute__((format(printf, 2, 3)));

// The same for a message that may come in great numbers: `limit` lets some through. The first of a later interval says before it
// how many are missing, of what `kind`. (Linux: the same name.)
void printk_ratelimited(RateLimit& limit, const char* kind, PrintkLevel level, const char* format, ...)
    __attribute__((format(printf, 4, 5)));

// Prints only the text, at any loglevel: for reports of several lines, and for panics. Callable from anywhere.
void console_printf(const char* format, ...) __attribute__((format(printf, 1, 2)));

// The messages of all levels are kept, the oldest ones only as long as there is room. A position counts bytes since
// boot.
struct LogPart {
    u64 next = 0;           // the position after what was copied
    std::size_t length = 0; // bytes copied
};
inline constexpr std::size_t LOG_SIZE = 64 * 1024; // bytes that are kept

u64 log_end(); // the position of the next message
// Copies whole lines from `from` on (or from the oldest line that is left), as many as fit into `size` bytes, each as
// "<level>[seconds] text". Callable from anywhere.
LogPart log_copy(u64 from, char* buffer, std::size_t size);

// After this call, printing no longer takes the lock that keeps lines from mixing. panic() calls it before it stops the
// other CPUs, because one of them may hold that lock. (Linux: bust_spinlocks.)
void bust_printk_lock();

} // namespace faultline
