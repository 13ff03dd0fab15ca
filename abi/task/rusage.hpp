// The resources that a process has used: getrusage(2), times(2), and what wait4(2) and waitid(2) report of a child.
#pragma once

#include "abi/task/cpu_time.hpp"
#include "base/result.hpp"

namespace faultline {

struct MmStruct;

// Sums over threads or processes; add() takes the maximum of max_rss.
struct ResourceUse {
    CpuSamples cpu;
    u32 min_flt = 0; // page faults without I/O, and with
    u32 maj_flt = 0;
    u32 max_rss = 0;           // pages
    u32 nvcsw = 0, nivcsw = 0; // how often a thread left its CPU: to sleep; though it could go on
    u64 rchar = 0, wchar = 0;  // bytes read and written by calls, and how many calls: /proc/PID/io
    u32 syscr = 0, syscw = 0;

    void add(const ResourceUse& other) {
        cpu.add(other.cpu);
        min_flt += other.min_flt;
        maj_flt += other.maj_flt;
        max_rss = max_rss > other.max_rss ? max_rss : other.max_rss;
        nvcsw += other.nvcsw;
        nivcsw += other.nivcsw;
        rchar += other.rchar;
        wchar += other.wchar;
        syscr += other.syscr;
        syscw += other.syscw;
    }
};

// What one thread has used; max_rss is 0.
ResourceUse task_use(const Task& task);

// The process leaves this address space: its largest size stays known. Caller holds the kernel lock. (Linux:
// setmax_mm_hiwater_rss.)
void note_max_rss(ThreadGroup& group, const MmStruct& mm);

// The sum over all threads of a process, those that have exited included. Caller holds the kernel lock or siglock.
ResourceUse group_use(const ThreadGroup& group);

// Writes a struct rusage to `to`: the times are `time`, the rest is from `use`. FAULT.
Result<void> put_rusage(UserAddr to, const ResourceUse& use, const CpuTime& time);

// System calls; abi/syscall/table.cpp states the rules for all of them.
Result<u32> sys_getrusage(s32 who, UserAddr usage); // INVAL: no such `who`. FAULT
Result<u32> sys_times(UserAddr buffer);             // ticks of 10 ms since boot. FAULT

} // namespace faultline
