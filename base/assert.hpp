// BUG_ON and its relatives: they report errors of the kernel itself, never those of a program. The message goes to
// panic(), which each machine supplies (kernel/debug/panic.cpp on the target, the test harness on the host).
#pragma once

namespace faultline {

// Ends the machine with a message. `format` is printf-like, as kernel/debug/printk.hpp understands it. Callable
// anywhere.
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

// For invariants that are costly to check. It checks only where FAULTLINE_DEBUG is defined: in the host tests and in
// the debug kernel (preset `debug`).
#ifdef FAULTLINE_DEBUG
#define DEBUG_BUG_ON(condition) BUG_ON(condition)
#else
#define DEBUG_BUG_ON(condition) static_cast<void>(sizeof(!(condition)))
#endif
