// The tick, and what it finds out.
#include "abi/time/cpu_time.hpp"

#include <arch/interrupts.hpp>

#include <algorithm>

#include <linux/resource.h>

#include "abi/signal/siglock.hpp"
#include "abi/task/thread_group.hpp"
#include "abi/time/posix_timers.hpp"
#include "arch/contract/clock.hpp"
#include "base/late.hpp"

namespace faultline {

namespace {

struct TickCounts {
    Relaxed<u32> user = 0, system = 0;
};

constinit PerCpu<Late<Timer>> ticks;
constinit PerCpu<TickCounts> tick_counts;

// A second over the limit: SIGXCPU, and again every second; at the hard limit SIGKILL (setrlimit(2)).
void check_cpu_limit(ThreadGroup& group) {
    LimitInForce& limit = group.limits[RLIMIT_CPU];
    if (limit.soft == ~u64{0} && limit.hard == ~u64{0})
        return;
    const u64 seconds = group_run_ns(group) / NSEC_PER_SEC;
    if (seconds >= limit.hard) {
        send_kernel_signal(group, SIGKILL);
    } else if (seconds >= limit.soft) {
        send_kernel_signal(group, SIGXCPU);
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

// Whether anybody is to be told how much time the process has used. Looked at without a lock at every tick of every
// CPU; what is missed is seen at the next.
bool watches_its_time(const ThreadGroup& group) {
    const LimitInForce& limit = group.limits[RLIMIT_CPU];
    return limit.soft != ~u64{0} || limit.hard != ~u64{0} || group.virtual_timer.deadline_ns != 0 ||
           group.prof_timer.deadline_ns != 0 || !group.timers.empty() || !group.cpu_sleepers.entries.empty();
}

void tick_expired(Timer&) {
    Task& task = *current();
    if (task.group == nullptr)
        return; // nobody runs; start_tick() begins it again. Or a thread's last moment, and then the same
    count(task);
    if (watches_its_time(*task.group)) {
        SigLocked lock;
        check_cpu_timers(*task.group);
        check_cpu_limit(*task.group);
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

void init_cpu_time() {
    for (u32 cpu = 0; cpu < machine::MAX_CPUS; ++cpu) {
        Timer& tick = ticks.of(cpu).emplace();
        tick.expired = tick_expired;
        tick.cpu = cpu;
    }
}

CpuSamples task_cpu(const Task& task) { return {task_run_time_ns(task), task.user_ticks, task.system_ticks}; }

u64 cpu_idle_ns(u32 cpu) { return task_run_time_ns(idle_task_of(cpu)); }

// Under the kernel lock: it is what was last said that must not become less.
CpuTime cpu_busy_time(u32 cpu) {
    static constinit PerCpu<CpuTime> reported;
    const u64 now = clock_ns(), idle = cpu_idle_ns(cpu);
    const TickCounts& counts = tick_counts.of(cpu);
    return cputime_adjust({now > idle ? now - idle : 0, counts.user, counts.system}, reported.of(cpu));
}

CpuTime cputime_adjust(const CpuSamples& samples, CpuTime& reported) {
    const u64 run = samples.run_ns;
    if (reported.user_ns + reported.system_ns >= run)
        return reported;
    const u64 ticks = u64{samples.user_ticks} + samples.system_ticks;
    // Whole and remainder apart: the product of nanoseconds and ticks may not fit.
    u64 system = ticks == 0 ? 0 : run / ticks * samples.system_ticks + run % ticks * samples.system_ticks / ticks;
    system = std::max(system, reported.system_ns);
    const u64 user = std::max(run - std::min(run, system), reported.user_ns);
    reported = {user, run - std::min(run, user)};
    return reported;
}

} // namespace faultline
