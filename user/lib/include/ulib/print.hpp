// Output for tests. Each call is one write(2), so lines of several processes do not mix.
#pragma once

#include <ulib/system_call.hpp>

namespace faultline {

// printf-like, at most 1 KiB: print() writes to standard output, complain() to standard error. Any thread may call them
// if the format has integers and strings only (newlib's formatting of floating point shares memory between threads).
void print(const char* format, ...) __attribute__((format(printf, 1, 2)));
void complain(const char* format, ...) __attribute__((format(printf, 1, 2)));

// Like complain(); then the whole process ends with status 1.
[[noreturn]] void fail(const char* format, ...) __attribute__((format(printf, 1, 2)));

// The name of an error: "EFAULT" for −14 or 14.
const char* errno_name(long result);

// Returns `result`, unless it is −errno: then prints "<what>: <name of the error>" and ends the process with status 1.
long must(long result, const char* what);

} // namespace faultline
