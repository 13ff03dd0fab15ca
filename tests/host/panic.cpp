// A panic in a host test is an exception, which the test may expect.
#include "tests/host/panic.hpp"

#include <cstdarg>
#include <cstdio>

#include "base/assert.hpp"

namespace faultline {

void panic(const char* format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    throw KernelPanic(text);
}

} // namespace faultline
