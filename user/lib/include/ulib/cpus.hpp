// Processors: those that the calling thread may use, and the one on which it runs (sched_setaffinity(2), getcpu(2)).
#pragma once

#include <ulib/print.hpp>
#include <ulib/system_call.hpp>

namespace faultline {

// The processors on which the calling thread may run, as a mask.
inline unsigned allowed_cpus() {
    unsigned mask = 0;
    must(system_call(__NR_sched_getaffinity, 0, sizeof mask, &mask), "sched_getaffinity");
    return mask;
}

inline unsigned cpu_count() { return static_cast<unsigned>(__builtin_popcount(allowed_cpus())); }

inline long allow_cpus(unsigned mask) { return system_call(__NR_sched_setaffinity, 0, sizeof mask, &mask); }

inline unsigned current_cpu() {
    unsigned cpu = ~0u;
    must(system_call(__NR_getcpu, &cpu, nullptr, nullptr), "getcpu");
    return cpu;
}

// Moves the calling thread to that CPU, and checks that it runs there.
inline void run_on(unsigned cpu) {
    must(allow_cpus(1u << cpu), "sched_setaffinity");
    if (const unsigned here = current_cpu(); here != cpu)
        fail("a thread that may run on CPU %u only is on CPU %u\n", cpu, here);
}

} // namespace faultline
