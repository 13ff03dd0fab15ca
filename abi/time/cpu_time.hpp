// How much CPU time threads and processes use, in which mode, and what happens when it is used up.
//
// How long a thread ran is exact: the scheduler looks at the clock at every switch. How much of that was in
// the kernel is sampled, since a look at the clock at every system call would cost more than many of them do:
// while some task runs, a tick asks what it interrupted. (Linux does the same without
// CONFIG_VIRT_CPU_ACCOUNTING: kernel/sched/cputime.c account_process_tick, cputime_adjust.)
#pragma once

#include "kernel/sched/sched.hpp"

namespace faultline {

struct ThreadGroup;

inline constexpr u64 TICK_NS = 4'000'000; // Linux: HZ = 250

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

// What a CPU did since boot: how long it was idle, and how the rest divides. `cpu` is online.
u64 cpu_idle_ns(u32 cpu);
CpuTime cpu_busy_time(u32 cpu);

void init_cpu_time(); // once, at boot: the tick runs whenever a task does

} // namespace faultline
