// The seams: the kernel's memory is the host's, so that AddressSanitizer watches each object by itself; messages are
// formatted and dropped; the ends of the machine are refusals, or end the target.
#include "tests/fuzz/host/seams.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include <arch/machine_control.hpp>

#include "base/assert.hpp"
#include "kernel/debug/printk.hpp"
#include "mm/kmalloc.hpp"
#include "mm/slab.hpp"

namespace faultline {

namespace fuzz {

std::size_t objects_in_use = 0;

namespace {

[[noreturn]] void end(const char* what) {
    if (refusal != nullptr)
        std::longjmp(*refusal, 1);
    std::fprintf(stderr, "the machine ended: %s\n", what);
    std::abort();
}

// Formatting reads what the arguments point to.
void format_and_drop(const char* format, va_list arguments) {
    char line[512];
    std::vsnprintf(line, sizeof line, format, arguments);
}

void* take(std::size_t bytes) {
    ++objects_in_use;
    return std::malloc(bytes);
}
void give(void* object) {
    objects_in_use -= object != nullptr ? 1 : 0;
    std::free(object);
}

} // namespace

void require(bool condition, const char* what) {
    if (condition)
        return;
    std::fprintf(stderr, "wrong: %s\n", what);
    std::abort();
}

} // namespace fuzz

constinit int console_loglevel = 7;

void panic(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    char line[512];
    std::vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    fuzz::end(line);
}
void machine_exit(u8) { fuzz::end("machine_exit"); }

void printk(PrintkLevel, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fuzz::format_and_drop(format, arguments);
    va_end(arguments);
}
void console_printf(const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fuzz::format_and_drop(format, arguments);
    va_end(arguments);
}

void* kmalloc(u32 bytes) { return fuzz::take(bytes); }
void kfree(void* object) { fuzz::give(object); }
void* KmemCache::alloc() { return fuzz::take(size_); }
void KmemCache::free(void* object) { fuzz::give(object); }

} // namespace faultline
