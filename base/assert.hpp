// BUG_ON and friends: a broken promise of the kernel's own, never of a program's. The message reaches `panic`, which
// each machine supplies (kernel/debug/panic.cpp on the target, the test harness on the host).
#pragma once

namespace faultline {

// Ends the machine with a message; `format` is printf-like and understood by kernel/debug/printk.hpp. Callable anywhere.
[[noreturn]] void panic(const char* format, ...) __attribute__((format(printf, 1, 2)));

} // namespace faultline

#define FAULTLINE_STRINGIFY_(x) #x
#define FAULTLINE_STRINGIFY(x) FAULTLINE_STRINGIFY_(x)

#define BUG() ::faultline::panic("BUG at %s", __FILE__ ":" FAULTLINE_STRINGIFY(__LINE__))
#define BUG_ON(condition)                                                                                              \
    do {                                                                                                               \
        if (__builtin_expect(!!(condition), 0))                                                                        \
            ::faultline::panic("BUG at %s: %s", __FILE__ ":" FAULTLINE_STRINGIFY(__LINE__), #condition);               \
    } while (false)

// For invariants that are costly to check: only where FAULTLINE_DEBUG is defined (host tests, the self-test kernel).
#ifdef FAULTLINE_DEBUG
#define DEBUG_BUG_ON(condition) BUG_ON(condition)
#else
#define DEBUG_BUG_ON(condition) static_cast<void>(sizeof(!(condition)))
#endif
