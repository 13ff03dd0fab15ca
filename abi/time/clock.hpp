// The clocks that programs read by number (clock_gettime(2)), and the time of day.
#pragma once

#include "base/result.hpp"
#include "base/types.hpp"

namespace faultline {

struct Task;
struct ThreadGroup; // abi/task/thread_group.hpp

// The time of `clock` in nanoseconds. CLOCK_PROCESS_CPUTIME_ID is the clock of the process `group`. The coarse clocks
// are read as exactly as the others. INVAL: no such clock, or its thread or process has exited. Callable from anywhere.
Result<u64> read_clock_of(const ThreadGroup& group, s32 clock);
Result<u64> read_clock(s32 clock); // for current's process

// Whether a clock counts CPU time: CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, and the clocks of
// clock_getcpuclockid(3).
bool is_cpu_clock(s32 clock);

// Whose CPU time a clock counts: a thread's, or that of all threads of a process.
struct CpuClock {
    ThreadGroup* group = nullptr;
    Task* thread = nullptr; // nullptr: of all
};
// What a clock that counts CPU time counts for the process `own`; CLOCK_THREAD_CPUTIME_ID is not among them. INVAL:
// there is no such clock, or no such process or thread any more. Caller holds siglock.
Result<CpuClock> cpu_clock(const ThreadGroup& own, s32 clock);
s32 thread_clock(const Task& thread); // the number of its clock (pthread_getcpuclockid(3))

// System calls; abi/syscall/table.cpp states the rules for all of them. Those with 64 in their name pass seconds in 64
// bits. INVAL: no such clock, a clock that cannot be set, or a bad time. PERM: the caller lacks CAP_SYS_TIME, or the
// clock counts CPU time. FAULT.
Result<u32> sys_clock_gettime(s32 clock, UserAddr time);
Result<u32> sys_clock_gettime64(s32 clock, UserAddr time);
Result<u32> sys_clock_settime(s32 clock, UserAddr time);
Result<u32> sys_clock_settime64(s32 clock, UserAddr time);
Result<u32> sys_clock_getres(s32 clock, UserAddr resolution);
Result<u32> sys_clock_getres_time64(s32 clock, UserAddr resolution);
Result<u32> sys_gettimeofday(UserAddr time, UserAddr zone);
Result<u32> sys_settimeofday(UserAddr time, UserAddr zone);

} // namespace faultline
