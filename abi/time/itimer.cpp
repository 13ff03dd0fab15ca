// The three interval timers of a process: real time (SIGALRM), its CPU time in user mode (SIGVTALRM), and in both modes
// (SIGPROF). (Linux kernel/time/itimer.c, posix-cpu-timers.c.)
#include "abi/time/itimer.hpp"

#include <algorithm>

#include <linux/time.h>

#include "abi/signal/send.hpp"
#include "abi/signal/signal.hpp"
#include "abi/task/cpu_time.hpp"
#include "abi/task/siglock.hpp"
#include "abi/task/thread_group.hpp"
#include "abi/task/timers.hpp"
#include "arch/contract/clock.hpp"
#include "arch/contract/uaccess.hpp"

namespace faultline {

namespace {

constexpr u32 NSEC_PER_USEC = 1000;
constexpr u64 MIN_INTERVAL_NS = 100'000; // pending SIGALRMs merge, so shorter periods would only cost CPU time

// The time to the next expiration, and the period after it. left_ns 0: stopped. interval_ns 0: expires once.
struct Itimer {
    u64 left_ns = 0, interval_ns = 0;
};

ThreadGroup& group_of(Timer& timer) { return *intrusive::get_parent_from_member(&timer, &ThreadGroup::real_timer); }

void alarm_expired(Timer& timer) {
    ThreadGroup& group = group_of(timer);
    send_kernel_signal(group, SIGALRM);
    if (group.real_interval_ns != 0)
        mod_timer(timer, deadline_after(clock_ns(), std::max(group.real_interval_ns, MIN_INTERVAL_NS)));
}

u64 left_until(u64 deadline_ns, u64 now_ns) { return deadline_ns > now_ns ? deadline_ns - now_ns : 1; }

Itimer get_real(const ThreadGroup& group) {
    const u64 left = group.real_timer.armed ? left_until(group.real_timer.key.deadline_ns, clock_ns()) : 0;
    return {left, group.real_interval_ns};
}

void set_real(ThreadGroup& group, const Itimer& next) {
    del_timer(group.real_timer);
    group.real_interval_ns = next.interval_ns;
    group.real_timer.expired = alarm_expired;
    group.real_timer.under = &siglock;
    if (next.left_ns != 0)
        mod_timer(group.real_timer, deadline_after(clock_ns(), next.left_ns));
}

Itimer get_cpu(const CpuItimer& timer, u64 now_ns) {
    return {timer.deadline_ns != 0 ? left_until(timer.deadline_ns, now_ns) : 0, timer.interval_ns};
}

CpuItimer cpu_itimer(const Itimer& next, u64 now_ns) {
    return {next.left_ns != 0 ? deadline_after(now_ns, next.left_ns) : 0, next.interval_ns};
}

// Sends `sig` if the deadline has passed, to `task` if it can take it: it is what runs, and others may never come to
// run beside it. Several periods within one tick give one signal.
void check(Task& task, CpuItimer& timer, u64 now_ns, s32 sig) {
    if (timer.deadline_ns == 0 || now_ns < timer.deadline_ns)
        return;
    timer.deadline_ns = timer.interval_ns != 0 ? deadline_after(now_ns, timer.interval_ns) : 0;
    send_kernel_signal(task, sig);
}

Result<u64> microseconds(const __kernel_old_timeval& value) {
    if (value.tv_sec < 0 || value.tv_usec < 0 || value.tv_usec >= 1'000'000)
        return Err(Errno::INVAL);
    return static_cast<u64>(value.tv_sec) * NSEC_PER_SEC + static_cast<u64>(value.tv_usec) * NSEC_PER_USEC;
}

// Rounds up, so that a running timer does not read as zero.
__kernel_old_timeval timeval(u64 nanoseconds) {
    const u64 rounded = nanoseconds + NSEC_PER_USEC - 1;
    return {static_cast<long>(rounded / NSEC_PER_SEC), static_cast<long>(rounded % NSEC_PER_SEC / NSEC_PER_USEC)};
}

Result<Itimer> get_itimer(ThreadGroup& group, s32 which) {
    SigLocked lock;
    switch (which) {
    case ITIMER_REAL:
        return get_real(group);
    case ITIMER_VIRTUAL:
        return get_cpu(group.virtual_timer, group_cpu_time(group).user_ns);
    case ITIMER_PROF:
        return get_cpu(group.prof_timer, group_run_ns(group));
    default:
        return Err(Errno::INVAL);
    }
}

void set_itimer(ThreadGroup& group, s32 which, const Itimer& next) {
    SigLocked lock;
    if (which == ITIMER_REAL)
        set_real(group, next);
    else if (which == ITIMER_VIRTUAL)
        group.virtual_timer = cpu_itimer(next, group_cpu_time(group).user_ns);
    else
        group.prof_timer = cpu_itimer(next, group_run_ns(group));
}

Result<void> put_itimer(UserAddr to, const Itimer& timer) {
    const __kernel_old_itimerval value = {timeval(timer.interval_ns), timeval(timer.left_ns)};
    return copy_struct_to_user(to, &value, sizeof value);
}

} // namespace

void check_cpu_itimers(Task& task) {
    ThreadGroup& group = *task.group;
    if (group.virtual_timer.deadline_ns != 0)
        check(task, group.virtual_timer, group_cpu_time(group).user_ns, SIGVTALRM);
    if (group.prof_timer.deadline_ns != 0)
        check(task, group.prof_timer, group_run_ns(group), SIGPROF);
}

// If `value` is null, the timer is stopped. Linux keeps this for old programs (setitimer(2), Bugs).
Result<u32> sys_setitimer(s32 which, UserAddr value, UserAddr old_value) {
    __kernel_old_itimerval next = {};
    if (value.value() != 0)
        TRY_VOID(copy_struct_from_user(&next, value, sizeof next));
    const u64 interval = TRY(microseconds(next.it_interval));
    const u64 first = TRY(microseconds(next.it_value));
    const Itimer before = TRY(get_itimer(current_group(), which));
    set_itimer(current_group(), which, {first, interval});
    if (old_value.value() != 0)
        TRY_VOID(put_itimer(old_value, before));
    return 0u;
}

Result<u32> sys_getitimer(s32 which, UserAddr value) {
    const Itimer timer = TRY(get_itimer(current_group(), which));
    TRY_VOID(put_itimer(value, timer));
    return 0u;
}

} // namespace faultline
