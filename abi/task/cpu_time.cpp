// Adds up CPU time and divides it into user and system time.
#include "abi/task/cpu_time.hpp"

#include <algorithm>

#include "abi/task/rusage.hpp"
#include "abi/task/siglock.hpp"
#include "abi/task/thread_group.hpp"
#include "kernel/sched/sched.hpp"

namespace faultline {

CpuSamples task_cpu(const Task& task) { return {task_run_time_ns(task), task.user_ticks, task.system_ticks}; }

u64 group_run_ns(const ThreadGroup& group) {
    SigLocked lock;
    u64 sum = group.dead_threads.cpu.run_ns;
    for (const Task& thread : group.threads)
        sum += task_run_time_ns(thread);
    return sum;
}

CpuTime group_cpu_time(ThreadGroup& group) { return cputime_adjust(group_use(group).cpu, group.reported); }

CpuTime cputime_adjust(const CpuSamples& samples, CpuTime& reported) {
    const u64 run = samples.run_ns;
    if (reported.user_ns + reported.system_ns >= run)
        return reported;
    const u64 ticks = u64{samples.user_ticks} + samples.system_ticks;
    // Quotient and remainder are scaled separately: the product of nanoseconds and ticks may not fit in 64 bits.
    u64 system = ticks == 0 ? 0 : run / ticks * samples.system_ticks + run % ticks * samples.system_ticks / ticks;
    system = std::max(system, reported.system_ns);
    const u64 user = std::max(run - std::min(run, system), reported.user_ns);
    reported = {user, run - std::min(run, user)};
    return reported;
}

} // namespace faultline
