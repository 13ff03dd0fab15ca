// The data of the timers that a process owns. The code that runs them is in abi/time.
#pragma once

#include "base/intrusive.hpp"
#include "kernel/sched/timer.hpp"

namespace faultline {

struct SigQueue;    // abi/signal/queue.hpp
struct ThreadGroup; // abi/task/thread_group.hpp

// A timer of timer_create(2).
struct PosixTimer {
    ListHook link; // ThreadGroup::timers
    s32 id = 0;
    s32 clock = 0; // the argument of timer_create(2)
    // The clock of deadline_ns. It is `clock`, except that a relative time on CLOCK_REALTIME runs on CLOCK_MONOTONIC,
    // so that setting the clock does not change it.
    s32 running_on = 0;
    s32 notify = 0; // SIGEV_*
    s32 tid = 0;    // the thread that gets the signal (SIGEV_THREAD_ID), or 0 for the process
    ThreadGroup* group = nullptr;
    SigQueue* signal = nullptr; // allocated in advance, because an interrupt sends it; nullptr with SIGEV_NONE
    Timer timer;
    u64 deadline_ns = 0;  // 0: not set
    u64 interval_ns = 0;  // 0: the timer expires once
    bool rearm = false;   // the next period begins when the queued signal is taken
    u32 overrun = 0;      // further expirations since the queued signal was sent
    u32 last_overrun = 0; // the result of timer_getoverrun(2)
};

// A timer on the process's CPU time: setitimer(ITIMER_VIRTUAL), setitimer(ITIMER_PROF). Deadline 0: not set.
struct CpuItimer {
    u64 deadline_ns = 0, interval_ns = 0;
};

} // namespace faultline
