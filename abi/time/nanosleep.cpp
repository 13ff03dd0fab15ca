// Sleeps for an interval, or until a clock reaches a time. (Linux kernel/time/hrtimer.c, posix-timers.c.)
#include "abi/time/nanosleep.hpp"

#include <linux/time.h>

#include "abi/arguments/timespec.hpp"
#include "abi/task/siglock.hpp"
#include "abi/task/thread_group.hpp"
#include "abi/time/clock.hpp"
#include "abi/time/realtime.hpp"
#include "arch/contract/clock.hpp"
#include "kernel/sched/wait.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

namespace {

// The layout in which the remaining time is written. It is an argument of the RestartBlock of an interrupted sleep.
enum Remaining : u32 { AsTimespec32, AsTimespec64 };

Result<void> put_remaining(UserAddr to, Remaining kind, u64 nanoseconds) {
    return kind == AsTimespec64 ? put_timespec<Timespec64>(to, nanoseconds) : put_timespec<Timespec32>(to, nanoseconds);
}

// Sleeps until clock_ns() reaches the deadline. Returns false if a signal ends the sleep.
bool sleep_until(u64 deadline_ns) {
    while (clock_ns() < deadline_ns) {
        if (signal_pending())
            return false;
        current()->state = TaskState::Interruptible;
        schedule_until(deadline_ns);
    }
    return true;
}

// The same on CLOCK_REALTIME, which may jump. The code that sets it wakes the sleepers.
bool sleep_until_realtime(u64 time_ns) {
    const auto due = [&] { return realtime_ns() >= time_ns; };
    while (!due()) {
        const u64 deadline = realtime_to_monotonic(time_ns);
        WaitEntry entry;
        prepare_to_wait(realtime_sleepers(), entry, TaskState::Interruptible);
        if (!due() && !signal_pending())
            schedule_until(deadline);
        finish_wait(entry);
        if (signal_pending() && !due())
            return false;
    }
    return true;
}

Result<u32> nanosleep_until(RestartBlock& block) {
    if (sleep_until(block.deadline_ns))
        return 0u;
    const u64 now = clock_ns();
    const u64 left = block.deadline_ns > now ? block.deadline_ns - now : 0;
    if (const UserAddr remaining(block.arguments[0]); remaining.value() != 0)
        TRY_VOID(put_remaining(remaining, Remaining{block.arguments[1]}, left));
    return Err(Errno::RESTART_RESTARTBLOCK);
}

// A relative sleep continues to the same moment after a signal, by a RestartBlock. An absolute one needs none: the same
// call is made again.
Result<u32> sleep_for(u64 interval_ns, UserAddr remaining, Remaining kind) {
    RestartBlock& block = current()->restart_block;
    block = {nanosleep_until, deadline_after(clock_ns(), interval_ns), {remaining.value(), kind}};
    return nanosleep_until(block);
}

// OPNOTSUPP: a clock on which nobody can sleep (CLOCK_MONOTONIC_RAW, the coarse clocks, CLOCK_THREAD_CPUTIME_ID).
// INVAL: no such clock, or the thread's own CPU time under its other name. (Linux 6.1: the nsleep members of struct
// k_clock; posix_cpu_nsleep.)
Result<void> check_sleepable(s32 clock) {
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
    case CLOCK_TAI:
    case CLOCK_PROCESS_CPUTIME_ID:
        return {};
    default:
        TRY(read_clock(clock));
        if (clock >= 0)
            return Err(Errno::OPNOTSUPP);
        const SigLocked lock;
        if (TRY(cpu_clock(current_group(), clock)).thread == current())
            return Err(Errno::INVAL);
        return {};
    }
}

// A sleep on the CPU time of another, or of the whole process.
struct CpuSleep {
    CpuTimer timer;
    Completion over;
};

void end_cpu_sleep(CpuTimer& timer) { complete(intrusive::get_parent_from_member(&timer, &CpuSleep::timer)->over); }

// Sleeps until a CPU clock reaches `until_ns`. A clock that ends before stands still, as on Linux. Returns false if a
// signal ends the sleep. INVAL: there is no such clock.
Result<bool> sleep_until_cpu_time(s32 clock, u64 until_ns) {
    CpuSleep sleep;
    sleep.timer.expired = end_cpu_sleep;
    {
        const SigLocked lock;
        const CpuClock of = TRY(cpu_clock(current_group(), clock));
        if (TRY(read_clock(clock)) >= until_ns)
            return true;
        cpu_timer_enqueue(sleep.timer, *of.group, of.thread != nullptr ? of.thread->pid : 0, until_ns);
    }
    const auto waited = wait_event_interruptible(sleep.over.waiters, [&] { return bool{sleep.over.done}; });
    const SigLocked until_the_tick_is_done;
    cpu_timer_dequeue(sleep.timer);
    return waited.ok() || sleep.over.done;
}

Result<u32> cpu_nanosleep_until(RestartBlock& block) {
    const s32 clock = static_cast<s32>(block.arguments[2]);
    if (TRY(sleep_until_cpu_time(clock, block.deadline_ns)))
        return 0u;
    const u64 now = TRY(read_clock(clock));
    const u64 left = block.deadline_ns > now ? block.deadline_ns - now : 0;
    if (const UserAddr remaining(block.arguments[0]); remaining.value() != 0)
        TRY_VOID(put_remaining(remaining, Remaining{block.arguments[1]}, left));
    return Err(Errno::RESTART_RESTARTBLOCK);
}

Result<u32> sleep_on_cpu_clock(s32 clock, u64 time, bool absolute, UserAddr remaining, Remaining kind) {
    if (absolute) {
        if (!TRY(sleep_until_cpu_time(clock, time)))
            return Err(Errno::RESTARTNOHAND);
        return 0u;
    }
    RestartBlock& block = current()->restart_block;
    block = {cpu_nanosleep_until,
             deadline_after(TRY(read_clock(clock)), time),
             {remaining.value(), kind, static_cast<u32>(clock)}};
    return cpu_nanosleep_until(block);
}

template <class Timespec>
Result<u32> clock_nanosleep(s32 clock, u32 flags, UserAddr request, UserAddr remaining) {
    TRY_VOID(check_sleepable(clock));
    const u64 time = TRY(get_timespec<Timespec>(request));
    const bool absolute = (flags & TIMER_ABSTIME) != 0;
    const Remaining kind = sizeof(Timespec) == sizeof(Timespec64) ? AsTimespec64 : AsTimespec32;
    if (is_cpu_clock(clock))
        return sleep_on_cpu_clock(clock, time, absolute, remaining, kind);
    if (!absolute)
        return sleep_for(time, remaining, kind);
    const bool real = clock == CLOCK_REALTIME || clock == CLOCK_TAI;
    if (!(real ? sleep_until_realtime(time) : sleep_until(time)))
        return Err(Errno::RESTARTNOHAND);
    return 0u;
}

} // namespace

Result<u32> sys_clock_nanosleep(s32 clock, u32 flags, UserAddr request, UserAddr remaining) {
    return clock_nanosleep<Timespec32>(clock, flags, request, remaining);
}
Result<u32> sys_clock_nanosleep_time64(s32 clock, u32 flags, UserAddr request, UserAddr remaining) {
    return clock_nanosleep<Timespec64>(clock, flags, request, remaining);
}
Result<u32> sys_nanosleep(UserAddr request, UserAddr remaining) {
    return sleep_for(TRY(get_timespec<Timespec32>(request)), remaining, AsTimespec32);
}

} // namespace faultline
