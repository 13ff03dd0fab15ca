// The functions that abi/signal calls in the directories above it. The linker finds them, so abi/signal includes
// nothing from there. After each function stands the file that defines it.
#pragma once

#include "base/types.hpp"

namespace faultline {

struct PosixTimer; // abi/task/timers.hpp
struct SigInfo;    // abi/signal/signal.hpp

// Ends current's process, this thread and all others. `code` as wait(2) encodes it. Caller holds the kernel lock.
// (Linux: the same name.) abi/process/exit.cpp.
[[noreturn]] void do_group_exit(s32 code);

// Writes a core for `info`, a signal that dumps core, if the process's limits and settings allow it. If it writes one
// or tries to, all other threads are exiting afterwards, and CORE_DUMPED in the process's exit code says whether there
// is a core. May sleep; caller holds the kernel lock. (Linux: the same name.) abi/process/coredump.cpp.
void do_coredump(const SigInfo& info);

// Wakes readers and pollers of signalfds after a signal was queued. Callable from anywhere. abi/fs/signalfd.cpp.
void signalfd_notify();

// Wakes pollers of pidfds after a process has died. Caller holds the kernel lock. abi/process/pidfd.cpp.
void pidfd_notify();

// Completes `info` for the signal of `timer`, which is being taken from its queue, and starts the timer's next period.
// Caller holds siglock. abi/time/posix_timers.cpp.
void posix_timer_signal_taken(PosixTimer& timer, SigInfo& info);

} // namespace faultline
