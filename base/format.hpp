// printf-like formatting without a C library, for messages and /proc. Portable.
#pragma once

#include <cstdarg>
#include <cstddef>

namespace faultline {

// Conversions: %% %c %s %d %i %u %x %X %o %p. Flags: - 0 + space, and # for x and X. A width and a precision; either
// may be *. Lengths: hh h l ll z t j. No floating point.
//
// Writes at most `size` bytes, with a NUL at the end if size > 0. Returns the length that the whole text would have,
// without the NUL (Linux: vsnprintf).
std::size_t vsnprintf(char* buffer, std::size_t size, const char* format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
std::size_t snprintf(char* buffer, std::size_t size, const char* format, ...) __attribute__((format(printf, 3, 4)));

// The same, but returns the length actually written, without the NUL (Linux: scnprintf).
std::size_t vscnprintf(char* buffer, std::size_t size, const char* format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
std::size_t scnprintf(char* buffer, std::size_t size, const char* format, ...) __attribute__((format(printf, 3, 4)));

} // namespace faultline
