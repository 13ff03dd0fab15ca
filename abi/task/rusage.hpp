// What a process has used: getrusage(2), times(2), and what wait4(2) and waitid(2) tell of a child.
#pragma once

#include "abi/task/cpu_time.hpp"
#include "base/result.hpp"

namespace faultline {

// What is added up of dead threads and of children that were waited for.
struct ResourceUse {
    CpuSamples cpu;
    u32 min_flt = 0;
    u32 maj_flt = 0;
    u32 max_rss = 0; // pages

    void add(const ResourceUse& other) {
        cpu.add(other.cpu);
        min_flt += other.min_flt;
        maj_flt += other.maj_flt;
        max_rss = max_rss > other.max_rss ? max_rss : other.max_rss;
    }
};

// The sum over all threads of a process, dead ones included.
ResourceUse group_use(const ThreadGroup& group);

// Writes `use` as a struct rusage; `time`: how use.cpu divides. FAULT.
Result<void> put_rusage(UserAddr to, const ResourceUse& use, const CpuTime& time);

// System calls.
Result<u32> sys_getrusage(s32 who, UserAddr usage);
Result<u32> sys_times(UserAddr buffer);

} // namespace faultline
