// POSIX timers (timer_create(2)). Their data structure is in abi/task/timers.hpp, the system calls are in
// abi/time/timer_create.hpp. posix_timer_signal_taken() is in abi/signal/upcalls.hpp.
//
// Callers hold the kernel lock, unless a function says otherwise.
#pragma once

#include "abi/task/timers.hpp"
#include "base/result.hpp"

namespace faultline {

struct Task;

// Creates a timer of current's process, stopped. `notify` (SIGEV_*), `signal`, `value` and `tid` are those of struct
// sigevent; `tid` 0 is the process. AGAIN: no memory, or RLIMIT_SIGPENDING.
Result<PosixTimer*> posix_timer_create(s32 clock, s32 notify, s32 signal, u32 value, s32 tid);
PosixTimer* posix_timer_find(s32 id); // in current's process; nullptr: there is none
void posix_timer_delete(PosixTimer& timer);
void delete_posix_timers(ThreadGroup& group); // all timers of a process, at execve and at its end

// Sets the timer to expire at `time_ns` of its clock, or after `time_ns` if `relative`, and then every `interval_ns`
// (0: once). `time_ns` 0 stops it. An earlier setting is cancelled.
void posix_timer_set(PosixTimer& timer, u64 time_ns, u64 interval_ns, bool relative);
u64 posix_timer_remaining(const PosixTimer& timer); // nanoseconds to the next expiration; 0: it is not running

// Arms all timers again after CLOCK_REALTIME was set, which moves their deadlines on clock_ns().
void posix_timers_clock_was_set();

// Expires the timers on the CPU time of `task` and of its process. The tick calls it for current; caller holds siglock.
void check_posix_cpu_timers(Task& task);

} // namespace faultline
