// Output for tests: each call is one write(2), so that lines of several processes do not mix.
#pragma once

#include <ulib/system_call.hpp>

namespace faultline {

// printf-like, at most 1 KiB; to standard output and standard error. Any thread, as long as the format
// prints integers and strings only (newlib's floating-point formatting shares memory between threads).
void print(const char* format, ...) __attribute__((format(printf, 1, 2)));
void complain(const char* format, ...) __attribute__((format(printf, 1, 2)));

// The same to standard error, then the whole process ends with status 1.
[[noreturn]] void fail(const char* format, ...) __attribute__((format(printf, 1, 2)));

// "EFAULT" for −14 or 14.
const char* errno_name(long result);

// `result`, unless it is −errno: then "<what>: <name of the error>" and the end of the process with status 1.
long must(long result, const char* what);

} // namespace faultline
