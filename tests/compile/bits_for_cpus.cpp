// The number of a CPU where a set of CPUs is wanted: taken for bits, 3 would mean the CPUs 0 and 1.
// error: could not convert 'cpu' from 'faultline::u32'.* to 'faultline::CpuMask'
#include "kernel/sched/sched.hpp"

namespace faultline {

void pin(Task& task, u32 cpu) {
#ifdef CORRECT
    set_cpus_allowed(task, CpuMask::of(cpu));
#else
    set_cpus_allowed(task, cpu);
#endif
}

} // namespace faultline
