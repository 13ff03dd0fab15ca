// Reads and sets the clocks of clock_gettime(2). (Linux kernel/time/posix-timers.c, posix-cpu-timers.c, time.c.)
#include "abi/time/clock.hpp"

#include <linux/capability.h>
#include <linux/time.h>

#include "abi/arguments/timespec.hpp"
#include "abi/cred/cred.hpp"
#include "abi/task/cpu_time.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/siglock.hpp"
#include "abi/task/thread_group.hpp"
#include "abi/time/posix_timers.hpp"
#include "abi/time/realtime.hpp"
#include "abi/time/tick.hpp"
#include "arch/contract/clock.hpp"
#include "arch/contract/uaccess.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

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
    const SigLocked lock; // keeps the owner
    const CpuClock of = TRY(cpu_clock(own, clock));
    return of.thread != nullptr ? task_run_time_ns(*of.thread) : group_run_ns(*of.group);
}

// A clock of clock_getcpuclockid(3) or pthread_getcpuclockid(3) is ~pid << 3. Bit 2 is set for the clock of a thread,
// which must belong to the same process. Bits 1 and 0 are the kind.
Result<CpuClock> cpu_clock(const ThreadGroup& own, s32 clock) {
    if (clock == CLOCK_PROCESS_CPUTIME_ID)
        return CpuClock{own.leader->group, nullptr};
    if (clock >= 0 || (clock & 3) == 3)
        return Err(Errno::INVAL);
    const s32 pid = ~(clock >> 3);
    const bool of_thread = (clock & 4) != 0;
    Task* task = pid == 0 ? current() : find_task_by_vpid(pid);
    if (task == nullptr || (of_thread && task->group != &own))
        return Err(Errno::INVAL);
    return CpuClock{task->group, of_thread ? task : nullptr};
}

s32 thread_clock(const Task& thread) {
    constexpr s32 OF_THREAD = 4, SCHEDULED = 2; // CPUCLOCK_PERTHREAD_MASK, CPUCLOCK_SCHED
    return static_cast<s32>(~static_cast<u32>(thread.pid) << 3) | OF_THREAD | SCHEDULED;
}

Result<u64> read_clock(s32 clock) { return read_clock_of(current_group(), clock); }

bool is_cpu_clock(s32 clock) {
    return clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
}

namespace {

constexpr u32 NSEC_PER_USEC = 1000;

template <class Timespec>
Result<u32> gettime(s32 clock, UserAddr time) {
    const u64 now = TRY(read_clock(clock));
    TRY_VOID(put_timespec<Timespec>(time, now));
    return 0u;
}

Result<u32> step_realtime(u64 now_ns) {
    if (!capable(CAP_SYS_TIME))
        return Err(Errno::PERM);
    if (now_ns < clock_ns()) // the machine would have started before 1970 (Linux do_settimeofday64)
        return Err(Errno::INVAL);
    set_realtime(now_ns);
    posix_timers_clock_was_set();
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

} // namespace

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
    u32 minutes_west[2]; // read to check the address, and not used: the C library handles time zones
    if (zone.value() != 0)
        TRY_VOID(copy_struct_from_user(minutes_west, zone, sizeof minutes_west));
    return 0u;
}

} // namespace faultline
