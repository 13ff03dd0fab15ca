// POSIX timers (timer_create(2)) and the interval timers of setitimer(2): signals that come with time.
#pragma once

#include "abi/signal/signal.hpp"
#include "kernel/sched/timer.hpp"

namespace faultline {

struct ThreadGroup;

// A timer of timer_create(2), of one process. Times are those of `clock`; a deadline of 0 is "not set".
struct PosixTimer {
    ListHook link; // ThreadGroup::timers
    s32 id = 0;
    s32 clock = 0;      // what it was made for
    s32 running_on = 0; // CLOCK_MONOTONIC for a relative time on CLOCK_REALTIME, which nobody can set back
    s32 notify = 0;     // SIGEV_*
    s32 tid = 0;        // SIGEV_THREAD_ID: whom to tell; else 0, the process
    ThreadGroup* group = nullptr;
    SigQueue* signal = nullptr; // ready-made, since an interrupt sends it; nullptr with SIGEV_NONE
    Timer timer;
    u64 deadline_ns = 0;
    u64 interval_ns = 0;
    bool rearm = false;   // it goes on when its signal has been taken
    u32 overrun = 0;      // expirations since the last signal was taken, beyond the one it stands for
    u32 last_overrun = 0; // what timer_getoverrun(2) says
};

// A time that the process's CPU clock must reach: setitimer(ITIMER_VIRTUAL), setitimer(ITIMER_PROF). 0: never.
struct CpuItimer {
    u64 deadline_ns = 0, interval_ns = 0;
};

// --- posix_timers.cpp ---

// AGAIN: no memory, or too many.
Result<PosixTimer*> posix_timer_create(s32 clock, s32 notify, s32 signal, u32 value, s32 tid);
PosixTimer* posix_timer_find(s32 id); // current's; nullptr: there is none
void posix_timer_delete(PosixTimer& timer);
void delete_posix_timers(ThreadGroup& group); // execve, and the process's end

// Sets or stops (deadline 0) it; `relative`: the deadline is that far from now. What was due before is off.
void posix_timer_set(PosixTimer& timer, u64 time_ns, u64 interval_ns, bool relative);
u64 posix_timer_remaining(const PosixTimer& timer); // 0: it is not running

// Its signal is being taken from the queue: what to say of overruns, and the next period begins. Interrupts
// masked.
void posix_timer_signal_taken(PosixTimer& timer, SigInfo& info);

// CLOCK_REALTIME was set: what waits for a moment of it waits for a different one now.
void posix_timers_clock_was_set();

// Whether a clock counts CPU time: CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, and those that
// clock_getcpuclockid(3) makes.
bool is_cpu_clock(s32 clock);

// Those timers of a process that wait for its CPU time; in the tick's interrupt.
void check_cpu_timers(ThreadGroup& group);

// --- itimer.cpp ---

void check_cpu_itimers(ThreadGroup& group); // in the tick's interrupt

// In interrupt context: a signal of the kernel's, which says so little that it needs no memory.
void send_kernel_signal(ThreadGroup& group, s32 sig);

} // namespace faultline
