// How much CPU time threads and processes have used, in user mode and in the kernel.
//
// The total is exact: the scheduler reads the clock at every switch. The division between user mode and kernel is
// sampled: while a CPU runs tasks, a tick (abi/time/tick.cpp) checks which mode it interrupted. Reading the clock at
// every system call instead would cost more than many system calls do. (Linux does the same without
// CONFIG_VIRT_CPU_ACCOUNTING: kernel/sched/cputime.c account_process_tick, cputime_adjust.)
#pragma once

#include "base/types.hpp"

namespace faultline {

struct Task;
struct ThreadGroup;

// The raw counts. A tick is TICK_NS (abi/time/tick.hpp).
struct CpuSamples {
    u64 run_ns = 0;
    u32 user_ticks = 0, system_ticks = 0;

    void add(const CpuSamples& other) {
        run_ns += other.run_ns;
        user_ticks += other.user_ticks;
        system_ticks += other.system_ticks;
    }
};

// What programs are told. The sum is CpuSamples::run_ns.
struct CpuTime {
    u64 user_ns = 0, system_ns = 0;
};

// Divides run_ns in the proportion of the ticks. `reported` is the last result for the same samples: neither part of
// the new result is less than it, and it is updated. The caller holds the lock that guards `reported`. (Linux: the same
// name.)
CpuTime cputime_adjust(const CpuSamples& samples, CpuTime& reported);

// The counts of one thread, the present turn on the CPU included.
CpuSamples task_cpu(const Task& task);

// The CPU time of a process in nanoseconds: all its threads, those that have exited included, but not its children.
// Callable from anywhere, interrupt handlers included.
u64 group_run_ns(const ThreadGroup& group);
// The same, divided into user and system time. Caller holds the kernel lock or siglock.
CpuTime group_cpu_time(ThreadGroup& group);

} // namespace faultline
