// The data of the timers that a process owns. The code that runs them is in abi/time.
#pragma once

#include <compare>

#include "base/intrusive.hpp"
#include "kernel/sched/timer.hpp"

namespace faultline {

struct SigQueue;    // abi/signal/queue.hpp
struct ThreadGroup; // abi/task/thread_group.hpp

// The place of a CpuTimer in its tree: those of one clock stand together, the earliest first.
struct CpuTimerKey {
    s32 tid = 0;         // the thread whose CPU time counts; 0: all threads of the process
    u64 deadline_ns = 0; // on that clock
    u64 sequence = 0;    // equal ones in the order in which they were queued
    auto operator<=>(const CpuTimerKey&) const = default;
};

// Calls `expired` when a process, or one of its threads, has used so much CPU time. It is queued with that process,
// whose tick looks at the earliest only. siglock guards it. (Linux: struct cpu_timer.)
struct CpuTimer {
    TreeHook node;
    CpuTimerKey key;
    ThreadGroup* owner = nullptr;               // whose tree it is in; nullptr: none, or that process or thread is gone
    void (*expired)(CpuTimer& timer) = nullptr; // called by a tick, siglock held. It is in no tree then
};
struct KeyOfCpuTimer {
    using type = CpuTimerKey;
    const CpuTimerKey& operator()(const CpuTimer& timer) const { return timer.key; }
};
using CpuTimerTree = Tree<CpuTimer, &CpuTimer::node, KeyOfCpuTimer>;

// Put the timer into the tree of `owner`, or take it out of the tree it is in, if any. Caller holds siglock. `tid` is 0
// or a thread of `owner`.
void cpu_timer_enqueue(CpuTimer& timer, ThreadGroup& owner, s32 tid, u64 deadline_ns);
void cpu_timer_dequeue(CpuTimer& timer);

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
    SigQueue* signal = nullptr; // allocated in advance, because an interrupt sends it; it counts in RLIMIT_SIGPENDING
    Timer timer;                // armed, or
    CpuTimer cpu;               // queued, if the clock is one of CPU time
    u64 deadline_ns = 0;        // 0: not set
    u64 interval_ns = 0;        // 0: the timer expires once
    bool rearm = false;         // the next period begins when the queued signal is taken
    u32 overrun = 0;            // further expirations since the queued signal was sent
    u32 last_overrun = 0;       // the result of timer_getoverrun(2)
};

// A timer on the process's CPU time: setitimer(ITIMER_VIRTUAL), setitimer(ITIMER_PROF). Deadline 0: not set.
struct CpuItimer {
    u64 deadline_ns = 0, interval_ns = 0;
};

} // namespace faultline
