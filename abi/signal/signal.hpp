// Signals: their numbers, their default actions, and struct siginfo (signal(7); Linux kernel/signal.c).
//
// The code in abi/signal runs under the kernel lock, with one exception: timers send signals from interrupts. The data
// that sending touches is guarded by siglock as well.
#pragma once

#include <asm/siginfo.h>
#include <linux/signal.h>

#include "base/types.hpp"

namespace faultline {

// Signal numbers and codes come from the UAPI headers: SIGKILL, SI_USER, CLD_EXITED …
inline constexpr s32 SIGNAL_COUNT = 64;

inline constexpr s32 CORE_DUMPED = 0x80; // the bit of a wait status that wait(2) calls WCOREDUMP

// The si_code of SIGCHLD for a dead child with this wait status.
constexpr s32 cld_code(s32 status) {
    return (status & 0x7f) == 0 ? CLD_EXITED : (status & CORE_DUMPED) != 0 ? CLD_DUMPED : CLD_KILLED;
}

constexpr u64 sigmask(s32 sig) { return u64{1} << (sig - 1); }
constexpr bool valid_signal(s32 sig) { return sig >= 1 && sig <= SIGNAL_COUNT; }

// The default actions (signal(7)), as sets. A signal in none of them terminates the process.
inline constexpr u64 KERNEL_ONLY_SIGNALS = sigmask(SIGKILL) | sigmask(SIGSTOP);
inline constexpr u64 STOP_SIGNALS = sigmask(SIGSTOP) | sigmask(SIGTSTP) | sigmask(SIGTTIN) | sigmask(SIGTTOU);
inline constexpr u64 IGNORE_SIGNALS = sigmask(SIGCONT) | sigmask(SIGCHLD) | sigmask(SIGWINCH) | sigmask(SIGURG);
inline constexpr u64 COREDUMP_SIGNALS = sigmask(SIGQUIT) | sigmask(SIGILL) | sigmask(SIGTRAP) | sigmask(SIGABRT) |
                                        sigmask(SIGFPE) | sigmask(SIGSEGV) | sigmask(SIGBUS) | sigmask(SIGSYS) |
                                        sigmask(SIGXCPU) | sigmask(SIGXFSZ);
// Signals caused by an instruction of the thread. They are delivered before others, while the registers still show the
// cause.
inline constexpr u64 SYNCHRONOUS_SIGNALS =
    sigmask(SIGSEGV) | sigmask(SIGBUS) | sigmask(SIGILL) | sigmask(SIGTRAP) | sigmask(SIGFPE) | sigmask(SIGSYS);

constexpr bool in_set(s32 sig, u64 set) { return (sigmask(sig) & set) != 0; }

// siginfo_t with the layout of an ARM program: three words, then fields that depend on `signo` and `code`.
struct SigInfo {
    s32 signo = 0;
    s32 error = 0;
    s32 code = 0;
    u32 fields[29] = {};
};
static_assert(sizeof(SigInfo) == sizeof(siginfo_t));

} // namespace faultline
