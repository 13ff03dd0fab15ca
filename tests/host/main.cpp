// The runner of the host tests, and their panic: an exception that a test may expect.

#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>

#include <cstdarg>
#include <cstdio>

#include "base/assert.hpp"
#include "tests/host/panic.hpp"

// The model allocates all the time, and AddressSanitizer notes each time from where: three callers will do.
extern "C" const char* __asan_default_options() { return "malloc_context_size=3"; }

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
