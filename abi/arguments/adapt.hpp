// Calls a typed C++ function with the arguments of a system call, and returns its result as a register value. The rules
// of the EABI are applied at compile time, in this file only.
//
// Arguments are in r0 – r6, in order. A 64-bit argument takes two registers, low word first, and starts in an even
// register. An odd register before it is skipped (AAPCS §5.5; this is why the offset of pread64 is in r4 and r5). The
// result, or −errno, goes to r0.
#pragma once

#include <arch/ptrace.hpp>

#include <array>
#include <type_traits>
#include <utility>

#include "base/result.hpp"
#include "kernel/dispatch.hpp"
#include "kernel/sched/kernel_lock.hpp"

namespace faultline {

namespace adapt_detail {

template <class T>
constexpr bool is_wide = sizeof(T) == 8 && std::is_integral_v<T>;
template <class T>
constexpr bool is_regs = std::is_same_v<T, PtRegs&>;

// The number of each argument's first register.
template <class... Args>
constexpr auto registers() {
    std::array<u32, sizeof...(Args) + 1> first{};
    u32 next = 0, i = 0;
    [[maybe_unused]] const auto place = [&](bool wide, bool regs) {
        if (wide)
            next = (next + 1) & ~1u;
        first[i++] = next;
        next += regs ? 0 : wide ? 2 : 1;
    };
    (place(is_wide<Args>, is_regs<Args>), ...);
    first[i] = next; // one past the last
    return first;
}

template <class T>
T argument(PtRegs& regs, u32 first) {
    if constexpr (is_regs<T>)
        return regs;
    else if constexpr (is_wide<T>)
        return static_cast<T>(regs.r[first] | u64{regs.r[first + 1]} << 32);
    else
        return static_cast<T>(regs.r[first]);
}

template <class T>
u32 to_register(const Result<T>& result) {
    if (!result.ok()) [[unlikely]]
        return syscall_error(result.error());
    if constexpr (std::is_void_v<T>)
        return 0;
    else if constexpr (std::is_same_v<T, UserAddr>)
        return result.value().value();
    else
        return static_cast<u32>(result.value());
}
inline u32 to_register(CountResult result) { return result.ok() ? result.value() : syscall_error(result.error()); }
inline u32 to_register(u32 result) { return result; }
inline u32 to_register(s32 result) { return static_cast<u32>(result); }

template <auto Function, class R, class... Args>
u32 call(PtRegs& regs, R (*)(Args...)) {
    constexpr auto first = registers<Args...>();
    static_assert(first[sizeof...(Args)] <= 7, "r7 holds the number");
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return to_register(Function(argument<Args>(regs, first[I])...));
    }(std::index_sequence_for<Args...>{});
}

} // namespace adapt_detail

// A handler for the system-call table: calls `Function` with arguments from the caller's registers. A parameter of type
// PtRegs& receives all the registers and uses up none of them. Takes no lock, so `Function` may run on several CPUs at
// once.
template <auto Function>
u32 parallel(PtRegs& regs) {
    return adapt_detail::call<Function>(regs, Function);
}

// The same, but `Function` runs with the kernel lock held.
template <auto Function>
u32 adapt(PtRegs& regs) {
    const KernelLocked lock;
    return adapt_detail::call<Function>(regs, Function);
}

} // namespace faultline
