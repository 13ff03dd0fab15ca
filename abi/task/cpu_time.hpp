// How much CPU time threads and processes have used, and in which mode.
//
// How long a thread ran is exact: the scheduler looks at the clock at every switch. How much of that was in
// the kernel is sampled, since a look at the clock at every system call would cost more than many of them do:
// while some task runs, a tick (abi/time/tick.cpp) asks what it interrupted. (Linux does the same without
// CONFIG_VIRT_CPU_ACCOUNTING: kernel/sched/cputime.c account_process_tick, cputime_adjust.)
#pragma once

#include "base/types.hpp"

namespace faultline {

struct Task;
struct ThreadGroup;

// Raw: what was counted.
struct CpuSamples {
    u64 run_ns = 0;
    u32 user_ticks = 0, system_ticks = 0;

    void add(const CpuSamples& other) {
        run_ns += other.run_ns;
        user_ticks += other.user_ticks;
        system_ticks += other.system_ticks;
    }
};

// As programs are told; the sum is run_ns.
struct CpuTime {
    u64 user_ns = 0, system_ns = 0;
};

// Divides run_ns in the proportion of the ticks. Neither part is less than it was in `reported`, what was
// last said of the same samples, which is brought up to date.
CpuTime cputime_adjust(const CpuSamples& samples, CpuTime& reported);

CpuSamples task_cpu(const Task& task);

// The CPU time of a process, threads that are gone included: all of it, from anywhere; and how it divides. Its children's
// is in neither.
u64 group_run_ns(const ThreadGroup& group);
CpuTime group_cpu_time(ThreadGroup& group);

} // namespace faultline
