// Clocks, and sleeping by them.
#include <linux/capability.h>
#include <linux/time.h>

#include "abi/arguments/timespec.hpp"
#include "abi/cred/cred.hpp"
#include "abi/process/syscalls.hpp"
#include "abi/signal/siglock.hpp"
#include "abi/task/thread_group.hpp"
#include "abi/time/clock.hpp"
#include "abi/time/time.hpp"
#include "arch/contract/clock.hpp"
#include "base/late.hpp"

namespace faultline {

namespace {

constexpr u32 NSEC_PER_USEC = 1000, USER_HZ = 100;

} // namespace

Result<u64> read_clock_of(const ThreadGroup& own, s32 clock) {
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_TAI:
        return realtime_ns();
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME:
        return clock_ns();
    case CLOCK_PROCESS_CPUTIME_ID:
        return group_run_ns(own);
    case CLOCK_THREAD_CPUTIME_ID:
        return task_run_time_ns(*current());
    default:
        break;
    }
    if (clock >= 0)
        return Err(Errno::INVAL);
    // clock_getcpuclockid(3), pthread_getcpuclockid(3): ~pid << 3, bit 2 for a thread's (of one's own process
    // only), the kind in bits 1 and 0.
    const s32 pid = ~(clock >> 3);
    const bool of_thread = (clock & 4) != 0;
    SigLocked lock; // who is found stays
    const Task* task = pid == 0 ? current() : find_task_by_vpid(pid);
    if (task == nullptr || (clock & 3) == 3 || (of_thread && task->group != &own))
        return Err(Errno::INVAL);
    return of_thread ? task_run_time_ns(*task) : group_run_ns(*task->group);
}

Result<u64> read_clock(s32 clock) { return read_clock_of(current_group(), clock); }

namespace {

template <class Timespec>
Result<u32> gettime(s32 clock, UserAddr time) {
    const u64 now = TRY(read_clock(clock));
    TRY_VOID(put_timespec<Timespec>(time, now));
    return 0u;
}

// Who waits for a moment of CLOCK_REALTIME waits for another one now (clock_settime(2), Notes).
constinit Late<WaitQueue> realtime_sleepers;

Result<u32> step_realtime(u64 now_ns) {
    if (!capable(CAP_SYS_TIME))
        return Err(Errno::PERM);
    if (now_ns < clock_ns()) // Linux: it may not be set to before the machine was started
        return Err(Errno::INVAL);
    set_realtime(now_ns);
    posix_timers_clock_was_set();
    wake_up_all(*realtime_sleepers);
    return 0u;
}

template <class Timespec>
Result<u32> settime(s32 clock, UserAddr time) {
    if (is_cpu_clock(clock))
        return Err(read_clock(clock) ? Errno::PERM : Errno::INVAL); // Linux posix_cpu_clock_set
    if (clock != CLOCK_REALTIME)
        return Err(Errno::INVAL);
    return step_realtime(TRY(get_timespec<Timespec>(time)));
}

bool is_coarse(s32 clock) { return clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE; }

template <class Timespec>
Result<u32> getres(s32 clock, UserAddr resolution) {
    TRY(read_clock(clock));
    if (resolution.value() != 0)
        TRY_VOID(put_timespec<Timespec>(resolution, is_coarse(clock) ? TICK_NS : 1));
    return 0u;
}

// --- sleeping ---

// Where a restarted sleep goes on: the deadline, and where to say how much is left.
enum Remaining : u32 { AsTimespec32, AsTimespec64 };

Result<void> put_remaining(UserAddr to, Remaining kind, u64 nanoseconds) {
    return kind == AsTimespec64 ? put_timespec<Timespec64>(to, nanoseconds) : put_timespec<Timespec32>(to, nanoseconds);
}

// True at the deadline, false on a signal.
bool sleep_until(u64 deadline_ns) {
    while (clock_ns() < deadline_ns) {
        if (signal_pending())
            return false;
        current()->state = TaskState::Interruptible;
        schedule_until(deadline_ns);
    }
    return true;
}

// The same for clocks that may jump or stand still: whoever sees to that wakes `queue`.
bool sleep_on_clock(WaitQueue& queue, s32 clock, u64 time_ns) {
    const auto due = [&] {
        const auto now = read_clock(clock);
        return !now || now.value() >= time_ns;
    };
    while (!due()) {
        const u64 deadline = is_cpu_clock(clock) ? NO_DEADLINE : realtime_to_monotonic(time_ns);
        WaitEntry entry;
        prepare_to_wait(queue, entry, TaskState::Interruptible);
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

// An interrupted relative sleep goes on to the same moment; an absolute one is simply called again.
Result<u32> sleep_for(u64 interval_ns, UserAddr remaining, Remaining kind) {
    RestartBlock& block = current()->restart_block;
    block = {nanosleep_until, deadline_after(clock_ns(), interval_ns), {remaining.value(), kind}};
    return nanosleep_until(block);
}

// Linux: a thread cannot wait for its own CPU time; the clocks that nothing can be armed for are refused.
Result<void> check_sleepable(s32 clock) {
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
    case CLOCK_TAI:
    case CLOCK_PROCESS_CPUTIME_ID:
        return {};
    case CLOCK_THREAD_CPUTIME_ID:
        return Err(Errno::INVAL);
    default:
        TRY(read_clock(clock));
        if (clock >= 0)
            return Err(Errno::OPNOTSUPP);
        return {};
    }
}

// CPU time passes only while others run; what is left of it is not said to a sleeper that was interrupted.
Result<u32> sleep_on_cpu_clock(s32 clock, u64 until_ns) {
    if (!sleep_on_clock(current_group().cpu_sleepers, clock, until_ns))
        return Err(Errno::RESTARTNOHAND);
    return 0u;
}

template <class Timespec>
Result<u32> clock_nanosleep(s32 clock, u32 flags, UserAddr request, UserAddr remaining) {
    TRY_VOID(check_sleepable(clock));
    const u64 time = TRY(get_timespec<Timespec>(request));
    const bool absolute = (flags & TIMER_ABSTIME) != 0;
    if (is_cpu_clock(clock))
        return sleep_on_cpu_clock(clock, absolute ? time : deadline_after(TRY(read_clock(clock)), time));
    if (!absolute)
        return sleep_for(time, remaining, sizeof(Timespec) == sizeof(Timespec64) ? AsTimespec64 : AsTimespec32);
    const bool real = clock == CLOCK_REALTIME || clock == CLOCK_TAI;
    if (!(real ? sleep_on_clock(*realtime_sleepers, clock, time) : sleep_until(time)))
        return Err(Errno::RESTARTNOHAND);
    return 0u;
}

} // namespace

void init_clocks() { realtime_sleepers.emplace(); }

Result<u32> sys_clock_gettime(s32 clock, UserAddr time) { return gettime<Timespec32>(clock, time); }
Result<u32> sys_clock_gettime64(s32 clock, UserAddr time) { return gettime<Timespec64>(clock, time); }
Result<u32> sys_clock_settime(s32 clock, UserAddr time) { return settime<Timespec32>(clock, time); }
Result<u32> sys_clock_settime64(s32 clock, UserAddr time) { return settime<Timespec64>(clock, time); }
Result<u32> sys_clock_getres(s32 clock, UserAddr resolution) { return getres<Timespec32>(clock, resolution); }
Result<u32> sys_clock_getres_time64(s32 clock, UserAddr resolution) { return getres<Timespec64>(clock, resolution); }

Result<u32> sys_gettimeofday(UserAddr time, UserAddr zone) {
    const u64 now = realtime_ns();
    const __kernel_old_timeval value = {static_cast<long>(now / NSEC_PER_SEC),
                                        static_cast<long>(now % NSEC_PER_SEC / NSEC_PER_USEC)};
    if (time.value() != 0)
        TRY_VOID(copy_struct_to_user(time, &value, sizeof value));
    if (zone.value() != 0 && clear_user(zone, 2 * sizeof(u32)) != 0)
        return Err(Errno::FAULT);
    return 0u;
}

Result<u32> sys_settimeofday(UserAddr time, UserAddr zone) {
    if (time.value() != 0) {
        __kernel_old_timeval value;
        TRY_VOID(copy_struct_from_user(&value, time, sizeof value));
        if (value.tv_sec < 0 || value.tv_usec < 0 || value.tv_usec >= 1'000'000)
            return Err(Errno::INVAL);
        TRY(step_realtime(static_cast<u64>(value.tv_sec) * NSEC_PER_SEC +
                          static_cast<u64>(value.tv_usec) * NSEC_PER_USEC));
    }
    u32 minutes_west[2]; // checked and forgotten: time zones are the C library's
    if (zone.value() != 0)
        TRY_VOID(copy_struct_from_user(minutes_west, zone, sizeof minutes_west));
    return 0u;
}

Result<u32> sys_clock_nanosleep(s32 clock, u32 flags, UserAddr request, UserAddr remaining) {
    return clock_nanosleep<Timespec32>(clock, flags, request, remaining);
}
Result<u32> sys_clock_nanosleep_time64(s32 clock, u32 flags, UserAddr request, UserAddr remaining) {
    return clock_nanosleep<Timespec64>(clock, flags, request, remaining);
}
Result<u32> sys_nanosleep(UserAddr request, UserAddr remaining) {
    return sleep_for(TRY(get_timespec<Timespec32>(request)), remaining, AsTimespec32);
}

Result<u32> sys_times(UserAddr buffer) {
    const auto ticks = [](u64 nanoseconds) { return static_cast<u32>(nanoseconds / (NSEC_PER_SEC / USER_HZ)); };
    ThreadGroup& group = current_group();
    const CpuTime own = group_cpu_time(group);
    const CpuTime children = cputime_adjust(group.children_use.cpu, group.children_reported);
    const u32 answer[4] = {ticks(own.user_ns), ticks(own.system_ns), ticks(children.user_ns),
                           ticks(children.system_ns)};
    if (buffer.value() != 0)
        TRY_VOID(copy_struct_to_user(buffer, answer, sizeof answer));
    return ticks(clock_ns());
}

} // namespace faultline
