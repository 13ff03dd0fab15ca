// How a program calls the kernel: `svc 0` with the number in r7 and up to six arguments in r0–r5 (Linux ARM EABI,
// syscall(2)). The result is a value, or minus an error number, from −1 to −4095. Nothing here touches errno.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include <asm/errno.h>
#include <asm/unistd.h>

// newlib numbers some errors differently, and both sets are macros, so a file can see only one of them. Defining
// newlib's include guard here makes a later <errno.h> (<iterator> includes it) a compile error about a missing `errno`,
// and not a silent change of numbers.
#ifndef _SYS_ERRNO_H_
#define _SYS_ERRNO_H_
#endif
static_assert(EDEADLK == 35 && ENOSYS == 38, "include <ulib/...>, not <errno.h>");

namespace faultline {

// Not std::uint32_t: <asm/types.h> changes its type (unsigned int or unsigned long) in the files that include it.
using u32 = unsigned int;

inline constexpr std::size_t PAGE_SIZE = 4096;

namespace detail {
template <class T>
long as_register(T value) {
    if constexpr (std::is_pointer_v<T>)
        return static_cast<long>(reinterpret_cast<std::uintptr_t>(value));
    else if constexpr (std::is_null_pointer_v<T>)
        return 0;
    else
        return static_cast<long>(value);
}

inline long system_call(long number, long a, long b, long c, long d, long e, long f) {
    register long r0 __asm__("r0") = a;
    register long r1 __asm__("r1") = b;
    register long r2 __asm__("r2") = c;
    register long r3 __asm__("r3") = d;
    register long r4 __asm__("r4") = e;
    register long r5 __asm__("r5") = f;
    register long r7 __asm__("r7") = number;
    __asm__ volatile("svc 0" : "+r"(r0) : "r"(r1), "r"(r2), "r"(r3), "r"(r4), "r"(r5), "r"(r7) : "memory");
    return r0;
}
} // namespace detail

// Missing arguments are passed as 0. Any thread may call it.
template <class... Arguments>
long system_call(long number, Arguments... arguments) {
    static_assert(sizeof...(Arguments) <= 6);
    long registers[6] = {detail::as_register(arguments)...};
    return detail::system_call(number, registers[0], registers[1], registers[2], registers[3], registers[4],
                               registers[5]);
}

constexpr bool is_error(long result) { return result < 0 && result >= -4095; }

} // namespace faultline
