// Creates, sets, runs and deletes POSIX timers. (Linux kernel/time/posix-timers.c.)
//
// A periodic timer stands still while its signal is pending. When the signal is taken, the periods that have passed
// meanwhile are counted as overruns, and the timer is armed for the next one. So a timer with a period of a nanosecond
// uses only the CPU time of its own process.
#include "abi/time/posix_timers.hpp"

#include <linux/time.h>

#include <algorithm>

#include "abi/signal/queue.hpp"
#include "abi/signal/send.hpp"
#include "abi/signal/signal.hpp"
#include "abi/signal/upcalls.hpp"
#include "abi/task/cpu_time.hpp"
#include "abi/task/pid.hpp"
#include "abi/task/siglock.hpp"
#include "abi/task/thread_group.hpp"
#include "abi/task/timers.hpp"
#include "abi/time/clock.hpp"
#include "abi/time/realtime.hpp"
#include "abi/time/tick.hpp"
#include "arch/contract/clock.hpp"
#include "kernel/sched/sched.hpp"
#include "mm/slab.hpp"
#include "mm/upcalls.hpp"

namespace faultline {

namespace {

constinit KmemCache timer_cache{"posix_timer", sizeof(PosixTimer), alignof(PosixTimer)};
constexpr u32 DELAYTIMER_MAX = 0x7fffffff; // overruns are counted no further (limits.h of the C library)

PosixTimer& posix_timer_of(Timer& timer) { return *intrusive::get_parent_from_member(&timer, &PosixTimer::timer); }

u64 now_of(const PosixTimer& timer) {
    const auto now = read_clock_of(*timer.group, timer.running_on);
    return now ? now.value() : 0; // the clock's thread has exited: the timer will not expire
}

// The deadline converted to clock_ns().
u64 monotonic_deadline(const PosixTimer& timer) {
    return timer.running_on == CLOCK_REALTIME || timer.running_on == CLOCK_TAI
               ? realtime_to_monotonic(timer.deadline_ns)
               : timer.deadline_ns;
}

// Arms the kernel's timer. One on CPU time is queued with the process whose time it is, if that still exists.
void arm(PosixTimer& timer) {
    if (timer.notify == SIGEV_NONE)
        return;
    if (!is_cpu_clock(timer.running_on))
        mod_timer(timer.timer, monotonic_deadline(timer));
    else if (auto clock = cpu_clock(*timer.group, timer.running_on); clock.ok())
        cpu_timer_enqueue(timer.cpu, *clock->group, clock->thread != nullptr ? clock->thread->pid : 0,
                          timer.deadline_ns);
}

void disarm(PosixTimer& timer) {
    del_timer(timer.timer);
    cpu_timer_dequeue(timer.cpu);
}

// Moves the deadline of a periodic timer past `now`. Returns how many periods that took.
u64 forward(PosixTimer& timer, u64 now) {
    if (timer.deadline_ns > now)
        return 0;
    const u64 passed = (now - timer.deadline_ns) / timer.interval_ns + 1;
    timer.deadline_ns += passed * timer.interval_ns;
    return passed;
}

void count_overruns(PosixTimer& timer, u64 more) {
    timer.overrun = static_cast<u32>(std::min<u64>(timer.overrun + more, DELAYTIMER_MAX));
}

bool send(PosixTimer& timer) {
    if (timer.tid == 0)
        return send_sigqueue(*timer.signal, *timer.group->leader, true);
    Task* thread = find_task_by_vpid(timer.tid);
    return thread != nullptr && thread->group == timer.group && send_sigqueue(*timer.signal, *thread, false);
}

// Sends the signal of a timer whose deadline has passed. Caller holds siglock.
void fire(PosixTimer& timer) {
    if (timer.signal->queued) { // it was set again while its old signal was pending
        count_overruns(timer, 1);
        timer.rearm = timer.interval_ns != 0;
        return;
    }
    timer.overrun = 0;
    if (timer.interval_ns == 0) {
        timer.deadline_ns = 0;
        (void)send(timer);
    } else if (send(timer)) {
        timer.rearm = true;
    } else { // the signal is ignored, but that may change: the timer continues, at most once a tick
        forward(timer, now_of(timer) + TICK_NS);
        arm(timer);
    }
}

void timer_expired(Timer& timer) { fire(posix_timer_of(timer)); }
void cpu_timer_expired(CpuTimer& timer) { fire(*intrusive::get_parent_from_member(&timer, &PosixTimer::cpu)); }

// Expires the timers on a clock that are due; of very many some at the next tick (Linux: MAX_COLLECTED).
void run_cpu_timers(ThreadGroup& group, s32 tid, u64 now_ns) {
    constexpr u32 AT_ONCE = 20;
    for (u32 i = 0; i < AT_ONCE; ++i) {
        CpuTimer* timer = first_cpu_timer(group, tid);
        if (timer == nullptr || timer->key.deadline_ns > now_ns)
            return;
        cpu_timer_dequeue(*timer);
        timer->expired(*timer);
    }
}

} // namespace

Result<PosixTimer*> posix_timer_create(s32 clock, s32 notify, s32 signal, u32 value, s32 tid) {
    ThreadGroup& group = current_group();
    auto* timer = kmem_new<PosixTimer>(timer_cache);
    if (timer == nullptr)
        return Err(Errno::AGAIN);
    timer->id = group.next_timer_id++;
    timer->clock = clock == CLOCK_THREAD_CPUTIME_ID ? thread_clock(*current()) : clock;
    timer->running_on = timer->clock;
    timer->notify = notify;
    timer->tid = tid;
    timer->group = &group;
    timer->timer.expired = timer_expired;
    timer->timer.under = &siglock;
    timer->cpu.expired = cpu_timer_expired;
    timer->signal = sigqueue_for_timer(*timer); // also with SIGEV_NONE, which never sends it: it is what bounds timers
    if (timer->signal == nullptr) {
        kmem_delete(timer_cache, timer);
        return Err(Errno::AGAIN);
    }
    SigInfo& info = timer->signal->info;
    info.signo = signal;
    info.code = SI_TIMER;
    info.fields[0] = static_cast<u32>(timer->id);
    info.fields[2] = value;
    SigLocked lock;
    group.timers.push_back(*timer);
    return timer;
}

PosixTimer* posix_timer_find(s32 id) {
    for (PosixTimer& timer : current_group().timers)
        if (timer.id == id)
            return &timer;
    return nullptr;
}

void posix_timer_delete(PosixTimer& timer) {
    {
        SigLocked lock;
        disarm(timer);
        timer.group->timers.erase(timer.group->timers.iterator_to(timer));
        sigqueue_leave_timer(*timer.signal);
    }
    kmem_delete(timer_cache, &timer);
}

void delete_posix_timers(ThreadGroup& group) {
    while (!group.timers.empty()) {
        posix_timer_delete(group.timers.front());
        cond_resched();
    }
}

void posix_timer_set(PosixTimer& timer, u64 time_ns, u64 interval_ns, bool relative) {
    SigLocked lock;
    disarm(timer);
    timer.rearm = false;
    timer.overrun = 0;
    timer.interval_ns = interval_ns;
    timer.running_on = relative && timer.clock == CLOCK_REALTIME ? CLOCK_MONOTONIC : timer.clock;
    timer.deadline_ns = time_ns == 0 ? 0 : relative ? deadline_after(now_of(timer), time_ns) : time_ns;
    if (timer.deadline_ns == 0)
        return;
    // The thread may never run to notice that it is due. (Linux: posix_cpu_timer_set.)
    if (is_cpu_clock(timer.running_on) && timer.notify != SIGEV_NONE && now_of(timer) >= timer.deadline_ns)
        fire(timer);
    else
        arm(timer);
}

u64 posix_timer_remaining(const PosixTimer& timer) {
    SigLocked lock;
    if (timer.deadline_ns == 0)
        return 0;
    const u64 now = now_of(timer);
    if (timer.deadline_ns > now)
        return timer.deadline_ns - now;
    if (timer.interval_ns != 0)
        return timer.interval_ns - (now - timer.deadline_ns) % timer.interval_ns;
    return timer.notify == SIGEV_NONE ? 0 : 1; // its signal is not sent yet, so it still counts as running
}

void posix_timer_signal_taken(PosixTimer& timer, SigInfo& info) {
    if (std::exchange(timer.rearm, false)) {
        const u64 passed = forward(timer, now_of(timer));
        count_overruns(timer, passed != 0 ? passed - 1 : 0);
        arm(timer);
    }
    timer.last_overrun = std::exchange(timer.overrun, 0);
    info.fields[1] = timer.last_overrun;
}

void posix_timers_clock_was_set() {
    SigLocked lock;
    for_each_process([](ThreadGroup& group) {
        for (PosixTimer& timer : group.timers)
            if (timer.timer.armed)
                arm(timer);
    });
}

void check_posix_cpu_timers(Task& task) {
    ThreadGroup& group = *task.group;
    if (first_cpu_timer(group, 0) != nullptr)
        run_cpu_timers(group, 0, group_run_ns(group));
    if (first_cpu_timer(group, task.pid) != nullptr)
        run_cpu_timers(group, task.pid, task_run_time_ns(task));
}

} // namespace faultline
