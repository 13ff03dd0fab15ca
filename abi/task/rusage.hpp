// The resources that a process has used: getrusage(2), times(2), and what wait4(2) and waitid(2) report of a child.
#pragma once

#include "abi/task/cpu_time.hpp"
#include "base/result.hpp"

namespace faultline {

// Sums over threads or processes; add() takes the maximum of max_rss.
struct ResourceUse {
    CpuSamples cpu;
    u32 min_flt = 0; // page faults without I/O, and with
    u32 maj_flt = 0;
    u32 max_rss = 0; // pages

    void add(const ResourceUse& other) {
        cpu.add(other.cpu);
        min_flt += other.min_flt;
        maj_flt += other.maj_flt;
        max_rss = max_rss > other.max_rss ? max_rss : other.max_rss;
    }
};

// The sum over all threads of a process, those that have exited included. Caller holds the kernel lock or siglock.
ResourceUse group_use(const ThreadGroup& group);

// Writes a struct rusage to `to`: the times are `time`, the rest is from `use`. FAULT.
Result<void> put_rusage(UserAddr to, const ResourceUse& use, const CpuTime& time);

// System calls; abi/syscall/table.cpp states the rules for all of them.
Result<u32> sys_getrusage(s32 who, UserAddr usage); // INVAL: no such `who`. FAULT
Result<u32> sys_times(UserAddr buffer);             // ticks of 10 ms since boot. FAULT

} // namespace faultline
