// printf-like formatting without a C library, for messages and /proc. Portable.
#pragma once

#include <cstdarg>
#include <cstddef>

namespace faultline {

// Understands  %% %c %s %d %i %u %x %X %o %p  with  -  0  +  space,  # (for x and X),  a width and a
// precision (either may be *), and the lengths hh h l ll z t j. Floating point there is none.
//
// Writes at most `size` bytes with the NUL, and always a NUL if size > 0; returns the length the whole text
// would have had (Linux: vsnprintf).
std::size_t vsnprintf(char* buffer, std::size_t size, const char* format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
std::size_t snprintf(char* buffer, std::size_t size, const char* format, ...) __attribute__((format(printf, 3, 4)));

// The same, but returns the length actually written, without NUL: what to advance by (Linux: scnprintf).
std::size_t vscnprintf(char* buffer, std::size_t size, const char* format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
std::size_t scnprintf(char* buffer, std::size_t size, const char* format, ...) __attribute__((format(printf, 3, 4)));

} // namespace faultline
