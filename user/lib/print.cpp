// print() and its relatives: one formatted line, one write(2).
#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include <ulib/print.hpp>
#include <ulib/sys.hpp>

namespace faultline {

namespace {

void print_to(int fd, const char* format, va_list arguments) {
    char line[1024];
    const int length = vsnprintf(line, sizeof line, format, arguments);
    sys_write(fd, line, std::min(static_cast<std::size_t>(std::max(length, 0)), sizeof line - 1));
}

} // namespace

void print(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_to(1, format, arguments);
    va_end(arguments);
}

void complain(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_to(2, format, arguments);
    va_end(arguments);
}

void fail(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    print_to(2, format, arguments);
    va_end(arguments);
    sys_exit_group(1);
}

long must(long result, const char* what) {
    if (is_error(result))
        fail("%s: %s (%ld)\n", what, errno_name(result), -result);
    return result;
}

} // namespace faultline
