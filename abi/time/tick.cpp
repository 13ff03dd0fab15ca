// The tick: samples the mode of the CPU, and checks limits and timers on CPU time.
#include "abi/time/tick.hpp"

#include <arch/interrupts.hpp>

#include <linux/resource.h>

#include "abi/signal/send.hpp"
#include "abi/signal/signal.hpp"
#include "abi/task/cpu_time.hpp"
#include "abi/task/rlimit.hpp"
#include "abi/task/siglock.hpp"
#include "abi/task/thread_group.hpp"
#include "abi/time/itimer.hpp"
#include "abi/time/posix_timers.hpp"
#include "arch/contract/clock.hpp"
#include "base/late.hpp"
#include "kernel/debug/watchdog.hpp"
#include "kernel/sched/sched.hpp"
#include "kernel/upcalls.hpp"

namespace faultline {

namespace {

struct TickCounts {
    Relaxed<u32> user = 0, system = 0;
};

constinit PerCpu<Late<Timer>> ticks;
constinit PerCpu<TickCounts> tick_counts;

// Sends SIGXCPU at the soft limit and again after every further second, and SIGKILL at the hard limit (setrlimit(2)).
void check_cpu_limit(Task& task) {
    ThreadGroup& group = *task.group;
    LimitInForce& limit = group.limits[RLIMIT_CPU];
    if (limit.soft == ~u64{0} && limit.hard == ~u64{0})
        return;
    const u64 seconds = group_run_ns(group) / NSEC_PER_SEC;
    if (seconds >= limit.hard) {
        send_kernel_signal(task, SIGKILL);
    } else if (seconds >= limit.soft) {
        send_kernel_signal(task, SIGXCPU);
        limit.soft = seconds + 1;
    }
}

void count(Task& task) {
    TickCounts& counts = tick_counts.here();
    if (interrupted_user_mode()) {
        ++task.user_ticks;
        counts.user = counts.user + 1;
    } else {
        ++task.system_ticks;
        counts.system = counts.system + 1;
    }
}

// Whether a limit or a timer depends on the CPU time of the process. Every tick on every CPU calls this without a lock;
// a change that it misses is seen at the next tick.
bool watches_its_time(const ThreadGroup& group) {
    const LimitInForce& limit = group.limits[RLIMIT_CPU];
    return limit.soft != ~u64{0} || limit.hard != ~u64{0} || group.virtual_timer.deadline_ns != 0 ||
           group.prof_timer.deadline_ns != 0 || !group.cpu_timers.empty();
}

void tick_expired(Timer&) {
    Task& task = *current();
    if (task.group == nullptr)
        return; // the CPU is idle, or its thread has exited. start_tick() starts the tick again
    count(task);
    if constexpr (WATCHDOGS)
        watchdog_tick(TICK_NS);
    if (watches_its_time(*task.group)) {
        SigLocked lock;
        check_cpu_itimers(task);
        check_posix_cpu_timers(task);
        check_cpu_limit(task);
    }
    mod_timer(*ticks.here(), clock_ns() + TICK_NS);
}

} // namespace

void start_tick() {
    const IrqGuard irqs;
    Timer& tick = *ticks.here();
    if (!tick.armed)
        mod_timer(tick, clock_ns() + TICK_NS);
}

void init_ticks() {
    for (u32 cpu = 0; cpu < machine::MAX_CPUS; ++cpu) {
        Timer& tick = ticks.of(cpu).emplace();
        tick.expired = tick_expired;
        tick.cpu = cpu;
    }
}

u64 cpu_idle_ns(u32 cpu) { return task_run_time_ns(idle_task_of(cpu)); }

// The kernel lock guards `reported`.
CpuTime cpu_busy_time(u32 cpu) {
    static constinit PerCpu<CpuTime> reported;
    const u64 now = clock_ns(), idle = cpu_idle_ns(cpu);
    const TickCounts& counts = tick_counts.of(cpu);
    return cputime_adjust({now > idle ? now - idle : 0, counts.user, counts.system}, reported.of(cpu));
}

} // namespace faultline
