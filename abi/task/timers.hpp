// The timers that a process owns. abi/time makes them run.
#pragma once

#include "base/intrusive.hpp"
#include "kernel/sched/timer.hpp"

namespace faultline {

struct SigQueue;    // abi/signal/queue.hpp
struct ThreadGroup; // abi/task/thread_group.hpp

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

} // namespace faultline
