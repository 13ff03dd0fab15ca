// POSIX timers (timer_create(2)): signals that come with time. abi/task/timers.hpp has what one is.
#pragma once

#include "abi/task/timers.hpp"
#include "base/result.hpp"

namespace faultline {

// AGAIN: no memory, or too many.
Result<PosixTimer*> posix_timer_create(s32 clock, s32 notify, s32 signal, u32 value, s32 tid);
PosixTimer* posix_timer_find(s32 id); // current's; nullptr: there is none
void posix_timer_delete(PosixTimer& timer);
void delete_posix_timers(ThreadGroup& group); // execve, and the process's end

// Sets or stops (deadline 0) it; `relative`: the deadline is that far from now. What was due before is off.
void posix_timer_set(PosixTimer& timer, u64 time_ns, u64 interval_ns, bool relative);
u64 posix_timer_remaining(const PosixTimer& timer); // 0: it is not running

// CLOCK_REALTIME was set: what waits for a moment of it waits for a different one now.
void posix_timers_clock_was_set();

// Those timers of a process that wait for its CPU time; in the tick's interrupt.
void check_posix_cpu_timers(ThreadGroup& group);

} // namespace faultline
