// What signals ask of the rooms above abi/signal, found by the linker: the only way up.
#pragma once

#include "base/types.hpp"

namespace faultline {

struct PosixTimer; // abi/task/timers.hpp
struct SigInfo;    // abi/signal/signal.hpp

// A signal kills current's process: the end of this thread, and of all others. `code` as wait(2) encodes it. (Linux: the
// same name.) abi/process/exit.cpp.
[[noreturn]] void do_group_exit(s32 code);

// The same, by a signal that dumps core: writes it, if the process's limits and the process itself allow that. All other
// threads are dying afterwards, and the process's exit code says whether there is a core (wait(2), WCOREDUMP). (Linux:
// the same name.) abi/process/coredump.cpp.
void do_coredump(const SigInfo& info);

// A signal was queued for some task: readers of descriptors look again. From anywhere. abi/fs/signalfd.cpp.
void signalfd_notify();

// A process died: pollers of descriptors look again. abi/process/pidfd.cpp.
void pidfd_notify();

// The signal of `timer` is being taken from the queue: completes `info`, and the timer's next period begins. Interrupts
// masked. abi/time/posix_timers.cpp.
void posix_timer_signal_taken(PosixTimer& timer, SigInfo& info);

} // namespace faultline
