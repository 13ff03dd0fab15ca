// Clocks, sleeping, and the interval timer.
#include <linux/time.h>

#include "arch/contract/clock.hpp"
#include "kernel/proc/syscalls.hpp"
#include "kernel/proc/thread_group.hpp"
#include "kernel/proc/time.hpp"

namespace faultline {

namespace {

constexpr u32 NSEC_PER_USEC = 1000;

// INVAL: no such clock. The coarse clocks are as fine as the others.
Result<u64> read_clock(s32 clock) {
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
        return group_use(current_group()).run_ns;
    case CLOCK_THREAD_CPUTIME_ID:
        return task_run_time_ns(*current());
    default:
        break;
    }
    if (clock >= 0)
        return Err(Errno::INVAL);
    // clock_getcpuclockid(3), pthread_getcpuclockid(3): ~pid << 3, bit 2 for a thread's, the kind in bits 1
    // and 0.
    const s32 pid = ~(clock >> 3);
    Task* task = pid == 0 ? current() : find_task_by_vpid(pid);
    if (task == nullptr || (clock & 3) == 3)
        return Err(Errno::INVAL);
    return (clock & 4) != 0 ? task_run_time_ns(*task) : group_use(*task->group).run_ns;
}

template <class Timespec>
Result<u32> gettime(s32 clock, UserAddr time) {
    const u64 now = TRY(read_clock(clock));
    TRY_VOID(put_timespec<Timespec>(time, now));
    return 0u;
}

template <class Timespec>
Result<u32> settime(s32 clock, UserAddr time) {
    if (clock != CLOCK_REALTIME)
        return Err(Errno::INVAL);
    set_realtime(TRY(get_timespec<Timespec>(time)));
    return 0u;
}

template <class Timespec>
Result<u32> getres(s32 clock, UserAddr resolution) {
    TRY(read_clock(clock));
    if (resolution.value() != 0)
        TRY_VOID(put_timespec<Timespec>(resolution, 1));
    return 0u;
}

// --- sleeping ---

// Where a restarted sleep goes on: the deadline, and where to say how much is left.
enum Remaining : u32 { AsTimespec32, AsTimespec64 };

Result<void> put_remaining(UserAddr to, Remaining kind, u64 nanoseconds) {
    return kind == AsTimespec64 ? put_timespec<Timespec64>(to, nanoseconds)
                                : put_timespec<Timespec32>(to, nanoseconds);
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

template <class Timespec>
Result<u32> clock_nanosleep(s32 clock, u32 flags, UserAddr request, UserAddr remaining) {
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
    case CLOCK_TAI:
        break;
    case CLOCK_THREAD_CPUTIME_ID:
        return Err(Errno::INVAL);
    default:
        return Err(Errno::OPNOTSUPP);
    }
    const u64 time = TRY(get_timespec<Timespec>(request));
    if ((flags & TIMER_ABSTIME) == 0)
        return sleep_for(time, remaining,
                         sizeof(Timespec) == sizeof(Timespec64) ? AsTimespec64 : AsTimespec32);
    const bool real = clock == CLOCK_REALTIME || clock == CLOCK_TAI;
    if (!sleep_until(real ? realtime_to_monotonic(time) : time))
        return Err(Errno::RESTARTNOHAND);
    return 0u;
}

} // namespace

Result<u32> sys_clock_gettime(s32 clock, UserAddr time) { return gettime<Timespec32>(clock, time); }
Result<u32> sys_clock_gettime64(s32 clock, UserAddr time) { return gettime<Timespec64>(clock, time); }
Result<u32> sys_clock_settime(s32 clock, UserAddr time) { return settime<Timespec32>(clock, time); }
Result<u32> sys_clock_settime64(s32 clock, UserAddr time) { return settime<Timespec64>(clock, time); }
Result<u32> sys_clock_getres(s32 clock, UserAddr resolution) { return getres<Timespec32>(clock, resolution); }
Result<u32> sys_clock_getres_time64(s32 clock, UserAddr resolution) {
    return getres<Timespec64>(clock, resolution);
}

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

Result<u32> sys_clock_nanosleep(s32 clock, u32 flags, UserAddr request, UserAddr remaining) {
    return clock_nanosleep<Timespec32>(clock, flags, request, remaining);
}
Result<u32> sys_clock_nanosleep_time64(s32 clock, u32 flags, UserAddr request, UserAddr remaining) {
    return clock_nanosleep<Timespec64>(clock, flags, request, remaining);
}
Result<u32> sys_nanosleep(UserAddr request, UserAddr remaining) {
    return sleep_for(TRY(get_timespec<Timespec32>(request)), remaining, AsTimespec32);
}

// --- setitimer(ITIMER_REAL): SIGALRM ---

namespace {

ThreadGroup& group_of(Timer& timer) {
    return *intrusive::get_parent_from_member(&timer, &ThreadGroup::real_timer);
}

// In interrupt context: SIGALRM says so little that it needs no memory.
void alarm_expired(Timer& timer) {
    ThreadGroup& group = group_of(timer);
    SigInfo info;
    info.signo = SIGALRM;
    info.code = SI_KERNEL;
    (void)send_group_sig_info(info, group); // cannot fail: nothing is queued for it
    if (group.real_interval_ns != 0)
        mod_timer(timer, deadline_after(clock_ns(), group.real_interval_ns));
}

Result<u64> microseconds(const __kernel_old_timeval& value) {
    if (value.tv_sec < 0 || value.tv_usec < 0 || value.tv_usec >= 1'000'000)
        return Err(Errno::INVAL);
    return static_cast<u64>(value.tv_sec) * NSEC_PER_SEC + static_cast<u64>(value.tv_usec) * NSEC_PER_USEC;
}

// Rounded up: a timer that still runs never reads as zero.
__kernel_old_timeval timeval(u64 nanoseconds) {
    const u64 rounded = nanoseconds + NSEC_PER_USEC - 1;
    return {static_cast<long>(rounded / NSEC_PER_SEC),
            static_cast<long>(rounded % NSEC_PER_SEC / NSEC_PER_USEC)};
}

__kernel_old_itimerval current_itimer() {
    const ThreadGroup& group = current_group();
    const u64 now = clock_ns();
    const u64 due = group.real_timer.key.deadline_ns;
    const u64 left = !group.real_timer.armed ? 0 : due > now ? due - now : 1;
    return {timeval(group.real_interval_ns), timeval(left)};
}

Result<void> check_itimer(s32 which) {
    if (which != ITIMER_REAL) // the others count CPU time, which nothing here does while it passes
        return Err(Errno::INVAL);
    return {};
}

} // namespace

Result<u32> sys_setitimer(s32 which, UserAddr value, UserAddr old_value) {
    TRY_VOID(check_itimer(which));
    __kernel_old_itimerval next = {};
    if (value.value() != 0)
        TRY_VOID(copy_struct_from_user(&next, value, sizeof next));
    const u64 interval = TRY(microseconds(next.it_interval));
    const u64 first = TRY(microseconds(next.it_value));
    const __kernel_old_itimerval before = current_itimer();
    ThreadGroup& group = current_group();
    del_timer(group.real_timer);
    group.real_interval_ns = interval;
    group.real_timer.expired = alarm_expired;
    if (first != 0)
        mod_timer(group.real_timer, deadline_after(clock_ns(), first));
    if (old_value.value() != 0)
        TRY_VOID(copy_struct_to_user(old_value, &before, sizeof before));
    return 0u;
}

Result<u32> sys_getitimer(s32 which, UserAddr value) {
    TRY_VOID(check_itimer(which));
    const __kernel_old_itimerval now = current_itimer();
    TRY_VOID(copy_struct_to_user(value, &now, sizeof now));
    return 0u;
}

Result<u32> sys_times(UserAddr buffer) {
    constexpr u64 TICK_NS = NSEC_PER_SEC / 100; // USER_HZ
    const auto ticks = [](u64 nanoseconds) { return static_cast<u32>(nanoseconds / TICK_NS); };
    const ThreadGroup& group = current_group();
    const u32 answer[4] = {ticks(group_use(group).run_ns), 0, ticks(group.children_use.run_ns), 0};
    if (buffer.value() != 0)
        TRY_VOID(copy_struct_to_user(buffer, answer, sizeof answer));
    return ticks(clock_ns());
}

} // namespace faultline
